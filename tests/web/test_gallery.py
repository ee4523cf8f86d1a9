"""The page of components shows what pages are made of, and saves nothing."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tasks_app.models import ScheduledTask, TaskRun
from tests.runs import claim, make_run, make_task
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


REAL = "Real one, an example of orders"


class Reached(HTMLParser):
    """Where the links and the buttons of a page lead, with what a form sends along, all its boxes ticked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.reads: list[str] = []
        self.writes: list[str] = []
        self._form: dict[str, str | None] = {}
        self._pairs: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._read(given.get("href") or "")
        elif tag == "form":
            self._form, self._pairs = given, []
        elif tag in ("input", "select") and given.get("name"):
            self._pairs.append((given["name"] or "", given.get("value") or "10"))
        elif tag == "button" and "action" in self._form and given.get("type") != "button":
            self._press(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = {}

    def _press(self, button: dict[str, str | None]) -> None:
        to = button.get("formaction") or self._form["action"] or ""
        if self._form.get("method") == "post":
            self.writes.append(to)
            return
        pressed = [(button["name"] or "", button.get("value") or "")] if button.get("name") else []
        self._read(f"{to}?{urlencode([*self._pairs, *pressed])}")

    def _read(self, address: str) -> None:
        if "?" in address:
            self.reads.append(address if address.startswith("/") else f"/ui/{address}")


@pytest.fixture
def reached(desk: Client, staff: User) -> Reached:
    """Where the page leads, on a platform with tasks and runs of every kind that it shows."""
    html = desk.get("/ui/").content.decode()
    task = make_task(staff, name=REAL, tags=["orders", "example"], description="search=example")
    for status in ("queued", "running", "failed"):
        run = make_run(staff, task)
        if status != "queued":
            claim(run)
        if status == "failed":
            ended = {"status": status, "reason": "handler_error", "error": "ConnectError: example", "lease_until": None}
            TaskRun.objects.filter(pk=run.pk).update(finished_at=run.created_at, error_type="ConnectError", **ended)
    return Reached(html[html.index("<main") :])


def rows() -> Iterator[tuple[object, ...]]:
    """What there is, and at which version."""
    yield from ScheduledTask.objects.values_list("id", "version").order_by("id")
    yield from TaskRun.objects.values_list("id", "version", "dismissed_at").order_by("id")


def test_no_link_and_no_form_finds_anything_real(desk: Client, reached: Reached) -> None:
    pages = ("/tasks/bulk/", "/runs/all/retry/", "/runs/all/dismiss/", "/runs/all/cancel/", "/upcoming/spread/")
    for page in (*pages, "/tasks/?", "/runs/?", "/upcoming/?"):
        assert any(address.startswith(page) for address in reached.reads), page
    for address in set(reached.reads):
        found = desk.get(address, follow=True)
        main = found.content.decode().rpartition("<main")[2]
        assert REAL not in main, address
        assert 'name="plan"' not in main, address


def test_no_button_does_anything(desk: Client, reached: Reached) -> None:
    before = list(rows())
    assert len(reached.writes) >= 10
    for address in set(reached.writes):
        assert desk.post(address, {"happened": "yes"}).status_code == 404, address
    assert list(rows()) == before
