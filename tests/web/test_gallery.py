"""The page of components shows what pages are made of, and saves nothing."""

import re
from collections import Counter

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.web.conftest import signed_in
from tests.web.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(staff: User) -> Client:
    """The browser of somebody on the staff."""
    return signed_in(staff)


@pytest.mark.parametrize(
    "said",
    [
        "560 http_request failed with ConnectError",
        "1 export_report failed: took longer than allowed",
        "paused by anna, 2 h ago : “disks are full”",
        "More than 1,000 runs wait and no worker serves it.",
        "Busy 3 of 4",
        "silent for 50 s",
        "Every day at 09:00, Berlin time.",
        "The clocks go forward in this night.",
        "Use 0 23 * * 1-5",
        "From this day on: “28.11.2026” is no day such as 2026-11-28",
        "All 128 that match",
        "Stop or cancel",
        "10 tasks resumed. 2 tasks left as they are.",
        "12 runs dismissed, and kept in the history.",
        "nobody knows charge:4711",
        "Weekly report Every day at 02:30, Berlin time. · “until the new tax rates are in”",
        "15:00 and 3 more like it, to Mon 18:00 25",
        "Christmas Eve",
        "Half of 1,204 runs ended within 2.9 s, 19 of 20 within 9.4 s",
        "until the new tax rates are in",
    ],
)
def test_each_part_is_shown(desk: Client, said: str) -> None:
    assert said in text(desk.get("/ui/"))


def test_no_two_things_have_one_id(desk: Client) -> None:
    ids = Counter(re.findall(r'\sid="([^"]+)"', desk.get("/ui/").content.decode()))
    assert {one: count for one, count in ids.items() if count > 1} == {}


def test_nothing_of_it_is_saved(desk: Client) -> None:
    desk.get("/ui/")
    with CaptureQueriesContext(connection) as asked:
        desk.get("/ui/")
    written = [one["sql"] for one in asked.captured_queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written == []
