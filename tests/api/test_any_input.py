"""Whatever is sent, the answer is JSON, in shape, and never a 5xx; and what was stored can be listed."""

import os
import random
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from tasks_app.models import ScheduledTask
from tests.api.client import Api
from tests.api.conftest import make
from tests.api.test_tasks_create import EVERY_FIELD
from tests.runs import make_run

REQUESTS = int(os.environ.get("ANY_INPUT_REQUESTS", "100"))
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 5.5, 1e300, -1e-300, 2**53, -(2**31), 2**31, 2**63),
    *("", " ", "x", "5", "true", "null", "a" * 300, "\u200b", "\ufeff", "\u202e", "ß" * 100, "😀" * 60, "\x7f", "\r\n"),
    *("%s", "{}", "'; --", "../..", "24:00", "* * * * *", "@daily", "UTC", "Europe/Berlin", "2031-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"),
    *([], [[]], [None], ["a", "b"], {}, {"": ""}, {"a": {"b": {"c": [1, 2, {"d": None}]}}}),
    *({"delays": [1e308]}, {"policy": "all", "max": None}, {"grace_seconds": 1, "window_seconds": 1e9}),
    *({"kind": "cron", "expression": "*/7 * * * *"}, {"kind": "once", "run_at": "x"}, {"kind": ["once"]}),
    *({"kind": "every", "days": 10**9}, {"kind": "every", "seconds": 10, "anchor": "0001-01-01T00:00:00Z"}),
    *({"kind": "any", "of": [{"kind": "any", "of": []}]}, {"kind": "monthly", "day": -31, "time": "00:00"}),
    *({"kind": "yearly", "month": 2, "day": 29, "time": "02:30"}, {"kind": "text", "text": "every weekday at 9"}),
]
BODIES: dict[str, list[str]] = {
    "tasks": list(EVERY_FIELD),
    "runs": [
        "type",
        "payload",
        "delay_seconds",
        "run_at",
        "queue",
        "priority",
        "max_retries",
        "timeout_seconds",
        "tags",
    ],
    "schedule/preview": [
        "run_at",
        "cron",
        "schedule",
        "timezone",
        "starts_at",
        "ends_at",
        "max_runs",
        "count",
        "after",
    ],
    "api-keys": ["name", "scope", "expires_at"],
    "credentials": ["name", "kind", "hosts", "details", "secret"],
    "calendars": ["name", "description", "country", "subdivision", "weekend", "days", "is_shared"],
    "calendars/{calendar}/import": ["ical"],
    "tasks/{task}/run-now": ["payload", "scheduled_for"],
    "tasks/{task}/pause": ["note"],
    "tasks/{task}/backfill": ["from", "to", "reprocess", "overlap", "max_concurrency", "dry_run"],
    "runs/{run}/retry": ["payload"],
    "upcoming/spread": ["tasks", "spread_seconds"],
}
LISTS: dict[str, list[str]] = {
    "tasks": [
        "status",
        "kind",
        "type",
        "queue",
        "tag",
        "owner",
        "search",
        "next_run_before",
        "calendar",
        "ordering",
        "page",
        "cursor",
    ],
    "runs": [
        "status",
        "reason",
        "type",
        "task",
        "batch",
        "worker",
        "tag",
        "trigger",
        "search",
        "from",
        "to",
        "ended_from",
        "ended_to",
        "cursor",
        "page_size",
    ],
    "batches": ["task", "cursor", "page_size"],
    "stats": ["from", "to", "type", "task"],
    "upcoming": ["until", "limit", "type", "tag", "owner", "task", "queue"],
    "upcoming/load": ["from", "until", "per", "tag", "task"],
    "runs/{run}/logs": ["after", "limit"],
    "calendars": ["page", "page_size"],
    "calendars/{calendar}/days": ["from", "to"],
}


def assert_answered(api: Api, method: str, path: str, body: Any = None) -> None:
    reply = api.call(method, path, body)
    assert reply.status < 500, (method, path, body, reply.body)
    assert isinstance(reply.body, dict), (method, path, body)
    if reply.status >= 400:
        assert set(reply.body["error"]) == {"code", "message", "fields", "request_id"}


@pytest.mark.parametrize("seed", range(2))
def test_any_body_is_answered(operator: Api, staff: User, seed: int) -> None:
    rng = random.Random(seed)
    task, run = make(operator), make_run(staff)
    calendar = operator.post("calendars", {"name": "Office", "country": "DE"}).body["id"]
    good = {**EVERY_FIELD, "scope": "read", "note": "x", "count": 3, "delay_seconds": 5}
    good |= {"kind": "bearer", "hosts": ["api.example.com"], "secret": "x", "details": {}}
    good |= {"from": "2025-11-01T00:00:00Z", "to": "2025-11-01T05:00:00Z", "reprocess": "all", "max_concurrency": 1}
    good |= {"country": "DE", "subdivision": "BY", "weekend": ["sun"], "days": ["12-24", {"date": "2027-05-07"}]}
    good |= {"ical": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\nEND:VEVENT\nEND:VCALENDAR"}
    for _ in range(REQUESTS):
        path, fields = rng.choice(list(BODIES.items()))
        body = {name: good[name] for name in fields if name in good and rng.random() < 0.8}
        for name in rng.sample(fields, k=min(len(fields), rng.randint(1, 3))):
            body[name] = rng.choice(ODD)
        assert_answered(operator, "POST", path.format(task=task["id"], run=run.id, calendar=calendar), body)
        if rng.random() < 0.2:
            name = rng.choice(BODIES["tasks"])
            assert_answered(operator, "PATCH", f"tasks/{task['id']}", {name: rng.choice(ODD)})
    for path in ("tasks?page_size=200", "runs?page_size=200", "upcoming?limit=200", "stats"):
        assert operator.get(path).status == 200
    for stored in ScheduledTask.objects.values_list("id", flat=True)[:50]:
        assert operator.get(f"tasks/{stored}").status == 200


@pytest.mark.parametrize("seed", range(2))
def test_any_parameter_is_answered(operator: Api, staff: User, seed: int) -> None:
    rng = random.Random(seed)
    make(operator)
    run = make_run(staff)
    calendar = operator.post("calendars", {"name": "Office", "country": "DE"}).body["id"]
    for _ in range(REQUESTS):
        path, names = rng.choice(list(LISTS.items()))
        given = rng.sample(names, k=min(len(names), rng.randint(1, 2)))
        query = "&".join(f"{name}={quote(str(rng.choice(ODD)))}" for name in given)
        assert_answered(operator, "GET", f"{path.format(run=run.id, calendar=calendar)}?{query}")
