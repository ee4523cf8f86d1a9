"""The table through the Django admin: the fields of tasks, and what a plain PeriodicTask may hold."""

import re
from itertools import product
from operator import itemgetter
from typing import Any

import pytest

from tests.badinput.conftest import Site
from tests.badinput.thinning import thinned
from tests.badinput.values import CONTROLS, TWO_LINES

pytestmark = pytest.mark.live
_ROW = re.compile(r"/admin/tasks_app/scheduledtask/([0-9a-f-]{36})/change/")
_INPUT = re.compile(r'<input[^>]*name="([a-z_]+)"[^>]*value="([^"]*)"')
SENT = [text for text in CONTROLS if text.encode("utf-8", "ignore").decode() == text]
BAD_TASKS: dict[str, list[Any]] = {
    "name": ["", "\u200b", *SENT[:3], TWO_LINES[0], "x" * 201],
    "description": [*SENT[:2], "x" * 10_001],
    "queue": ["", "nope", "x" * 5000, "\x00"],
    "priority": ["", "-1", "10", "x", "1.5", "9" * 5000],
    "max_retries": ["51", "9" * 5000],
    "timeout_seconds": ["-1", str(2**31)],
    "soft_timeout_seconds": ["1e3", "NaN"],
    "overlap": ["", "maybe"],
    "on_exhausted": ["", "explode", "\x00"],
    "pause_after_failures": ["0", "1001"],
}
BAD_ROWS: dict[str, list[Any]] = {
    "name": ["", "carillon:x", *SENT[:2], "x" * 300],
    "task": ["os.system", "nope", "", "tasks_app.work\x00", "x" * 5000],
    "args": [
        "", "x", "{}", "1", "null", "[1,]", "[NaN]", "[1e400]", "[" * 100_000, "[" + "9" * 5000 + "]",
        "[9007199254740993]",
        '["\\u0000"]', '["\\ud800"]', "[" + "0," * 11_000 + "0]", "\ufeff[]", "[1] []", '["' + "x" * 70_000 + '"]',
    ],
    "kwargs": ["", "x", "[]", "1", '{"a": 1, "a": 2}', '{"a": NaN}', '{"\\u0000": 1}',
        "{'a': 1}", '{"a":' * 5_000, '{"a": "\\ud83d"}'],
    "headers": ["x", "[]", '{"a": Infinity}', "[" * 100_000],
    "priority": ["x", "-1", "256", "9" * 5000],
    "expire_seconds": ["-1", "x", "9" * 5000],
    "interval": ["", "9999999", "x", "\x00", "9" * 30, "9" * 5000],
}  # fmt: skip


def rows_of(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    """Give the fields with what is sent in them."""
    return thinned([(field, value) for field, values in table.items() for value in values], itemgetter(0))


def test_a_task_takes_no_bad_value(site: Site) -> None:
    found = _ROW.search(site.desk.get("/admin/tasks_app/scheduledtask/").text)
    assert found is not None
    path = f"/admin/tasks_app/scheduledtask/{found.group(1)}/change/"
    good = {"name": "zoned", "queue": "default", "priority": "5", "overlap": "skip", "on_exhausted": "keep"}
    good |= {"seen_version": dict(_INPUT.findall(site.desk.get(path).text)).get("seen_version", "1")}
    with site.unharmed():
        for field, value in rows_of(BAD_TASKS):
            answer = site.post_form(site.desk, path, {**good, field: value})
            assert answer.status_code == 200, (field, value[:60], answer.status_code)


def test_a_plain_row_takes_no_bad_value(site: Site) -> None:
    path = "/admin/django_celery_beat/periodictask/add/"
    form = {
        "name": "Good",
        "task": "celery.backend_cleanup",
        "enabled": "on",
        "args": "[]",
        "kwargs": "{}",
        "headers": "{}",
    }
    add = "/admin/django_celery_beat/intervalschedule/add/"
    assert site.post_form(site.desk, add, {"every": "10", "period": "minutes"}).status_code == 302
    interval = re.search(
        r"intervalschedule/(\d+)/change", site.desk.get("/admin/django_celery_beat/intervalschedule/").text
    )
    assert interval is not None
    form["interval"] = interval.group(1)
    with site.unharmed():
        for field, value in rows_of(BAD_ROWS):
            answer = site.post_form(site.desk, path, {**form, field: value})
            assert answer.status_code == 200, (field, value[:60], answer.status_code)
    assert site.post_form(site.desk, path, form).status_code == 302


def test_lists_take_odd_searches_and_filters(site: Site) -> None:
    texts = ("%00", "²", "9" * 3000)
    queries = ("q={0}&p={0}&o={0}", "id__exact={0}&owner__id__exact={0}&status__exact={0}")
    with site.unharmed():
        for path, text, query in thinned(product(site.desks, texts, queries), itemgetter(0)):
            answer = site.desk.get(f"{path}?{query.format(text)}")
            assert answer.status_code in (200, 302, 400, 404), (path, query, text[:60], answer.status_code)
