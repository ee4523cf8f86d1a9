"""What the page of components shows in its charts and lists: made up, the same each time, read from no table."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from tasks_app.models import AuditEntry, Batch
from tasks_app.selectors.batches import Tally
from tasks_app.selectors.planned import NamedTask
from tasks_app.selectors.rollups import Ended, Figures
from tasks_app.services.load import Load
from tasks_app.services.starts import Group, Starts
from tasks_app.states import Status
from tasks_app.web import heat_map, lanes, load_chart, minute_bars, query, run_time_bars, spark
from tasks_app.web.batches import Shown
from tasks_app.web.field_words import Difference
from tasks_app.web.forms.field import Choice
from tasks_app.web.home_figures import HomeFigures
from tasks_app.web.look import Look
from tasks_app.web.platform_state import Trouble
from tasks_app.web.run_times import Stretch
from tasks_app.web.spread import Landing

NOBODY = uuid.UUID(int=0x0000_0000_0000_7000_8000_0000_0000_0000)
"""The id that no row has: what the page links to is narrowed to it, so that nothing of it reaches anything."""
_DAYS, _GONE = 20, 5
_OTHERS = ((300, 12), (0, 2), (0, 7))
_RUN_TIMES = Figures(
    succeeded=1_180,
    failed=24,
    cancelled=0,
    skipped=0,
    retries=31,
    mean_ms=3_900.0,
    median_ms=2_900,
    p95_ms=9_400,
    longest_ms=41_000,
    success_rate=0.98,
    is_complete=True,
    classes=(*[0] * 7, 12, 58, 190, 262, 431, 188, 57, 6, 0, 0, 0, 0),
)
_NAMES = ("Nightly orders", "Close the day's accounts", "Look for new mail")


@dataclass(frozen=True)
class Head:
    """The head of a column by which a list is sorted."""

    label: str
    ordering: str
    sort: str


def charts(now: datetime) -> dict[str, Any]:
    """Give every kind of chart, drawn as pages draw it."""
    chance = Random(11)  # noqa: S311  # keeps no secret
    look = Look.of(QueryDict(f"task={NOBODY}"), now)
    load = Load(_starts(look, chance), look.pages())
    return {
        "minute_chart": minute_bars.draw([_minute(now, ago, chance) for ago in reversed(range(60))]),
        "run_times": run_time_bars.draw(_RUN_TIMES),
        "load_chart": load_chart.draw(load, look),
        "lanes": _lanes(load, look),
        "landings": _landings(chance),
        "batch": _batch(),
        "month": _month(timezone.localtime(now).date(), chance),
        "spark": spark.spark([chance.randint(0, 40) for _ in range(60)], "1,204 runs in the last hour"),
        "figures": _figures(now),
        "stretches": [
            Stretch("queued", 2.0, 0, 4),
            Stretch("running", 31.0, 4, 62),
            Stretch("scheduled", 12.0, 66, 24),
            Stretch("running", 5.0, 90, 10),
        ],
    }


def lists(now: datetime) -> dict[str, Any]:
    """Give what stands in lists, above them and behind their rows."""
    types = [Choice("", "Any type"), Choice("http", "HTTP request", is_chosen=True)]
    return {
        "heads": [Head("Name", "name", ""), Head("Next run", "-next_run", "descending")],
        "select": query.Select("type", "Any type", types),
        "differences": [
            Difference("name", "Nightly", "Nightly orders"),
            Difference("tags", None, "orders"),
            Difference("pause_note", "too loud", None),
        ],
        "entries": _entries(now),
        "troubles": [
            Trouble(
                title="No worker takes work of the queue critical",
                detail="3 runs wait for one, the oldest for 4 min.",
                todo="Start a worker with WORKER_QUEUES=critical.",
                since=now - timedelta(minutes=4),
            )
        ],
        "log": [
            {"n": n, "level": level, "message": said, "at": (now - timedelta(seconds=9 - n)).isoformat()}
            for n, (level, said) in enumerate(
                [
                    ("debug", "page 1 of 4, 250 rows"),
                    ("info", "1,000 rows read"),
                    ("warning", "row 118 has no net amount; using gross"),
                    ("error", "the service did not answer"),
                ]
            )
        ],
    }


def _minute(now: datetime, ago: int, chance: Random) -> Ended:
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=ago)
    return Ended(start, chance.randint(0, 30), chance.choice([0] * 9 + [3]))


def _starts(look: Look, chance: Random) -> Starts:
    """Some tasks spread over the day, and many at three in the afternoon of UTC."""
    window = look.window
    alone = [Group([window.start + chance.randint(0, 86_000)], [uuid.UUID(int=n)]) for n in range(60)]
    crowd = Group([window.start + 50_400], [uuid.UUID(int=1_000 + n) for n in range(25)])
    return Starts(window, [*alone, crowd])


def _lanes(load: Load, look: Look) -> list[lanes.Lane]:
    """One that starts now and then, one that is crowded with others, one that starts too often for ticks."""
    start, end = look.window.start, look.window.end
    seconds = [range(start + 1800, end, 3 * 3600), [start + 50_400], range(start, end, 240)]
    tasks = {uuid.UUID(int=n): NamedTask(NOBODY, name, "UTC", "", 0, 0, "") for n, name in enumerate(_NAMES, 2_000)}
    return lanes.draw(load, look, list(zip(tasks, seconds, strict=True)), tasks)


def _landings(chance: Random) -> list[Landing]:
    counts = [chance.randint(0, 6) for _ in range(10)]
    return [
        Landing(f"15:{place:02}", count, place * 10 + 1, 8, count * 10, is_named=not place % 5)
        for place, count in enumerate(counts)
    ]


def _batch() -> Shown:
    counts = {status.value: 0 for status in Status} | {"succeeded": 61, "failed": 4, "running": 5, "queued": 30}
    return Shown(Batch(), Tally(counts, 65, 100))


def _month(today: date, chance: Random) -> heat_map.Month:
    first = today.replace(day=1)
    days = [first + timedelta(days=n) for n in range(_DAYS)]
    at = timezone.now()
    counts = {
        day: Ended(at, chance.randint(20, 400), *(chance.choice([0, 0, 0, many, few]) for many, few in _OTHERS))
        for day in days[:-4]
    } | {days[9]: Ended(at, 0, 0, 0, 24)}
    queries = {day: f"task={NOBODY}&ended_from={day}" for day in days[_GONE:]}
    return heat_map.draw(first, counts, {day: chance.randint(10, 90) for day in days[-4:]}, days[-5], queries)


def _figures(now: datetime) -> HomeFigures:
    return HomeFigures(
        rate="97.8 %",
        succeeded="978 succeeded today",
        rate_beside="22 failed, 3 skipped, 1.2 points below last week",
        is_worse=True,
        time="4.2 s",
        time_beside="last week 3.9 s",
        waiting="12",
        waits="waiting, 3 paused",
        is_held=False,
        oldest=now - timedelta(seconds=40),
        workers=2,
        busy="3 of 8 children busy",
    )


def _entries(now: datetime) -> list[AuditEntry]:
    common = {"address": "192.0.2.7", "request_id": "5f0c2a9be1d84c0f9f6f3a1f0b7f2a11", "object_type": "task"}
    told: list[dict[str, Any]] = [
        {"actor": "user:anna", "action": "task.pause", "note": "until the new tax rates are in"},
        {
            "actor": "key:anna/ci",
            "action": "task.update",
            "before": {"queue": "default"},
            "after": {"queue": "critical"},
        },
        {
            "actor": "user:sam",
            "action": "request.refuse",
            "outcome": "refused",
            "object_name": "POST /settings/people/",
        },
    ]
    return [AuditEntry(at=now, **{**common, "object_name": "Weekly report", **one}) for one in told]
