"""What the schedule benchmark asks, and of whom: schedules, and three libraries with one face."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from croniter import croniter  # type: ignore[import-untyped]  # comes without types
from cronsim import CronSim

from tasks_app.recurrence import build, building, cron, days
from tasks_app.recurrence.zones import load_zone

BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MOST_COMPARED = 1000


@dataclass(frozen=True)
class Case:
    """A schedule, and how many of its instants are walked."""

    text: str
    zone: str = BERLIN
    instants: int = 1000
    schedule: Mapping[str, Any] | None = None
    """Set where `text` is only a name."""

    @property
    def wanted(self) -> Mapping[str, Any]:
        """Give the schedule object."""
        return self.schedule or {"kind": "cron", "expression": self.text}

    @property
    def start(self) -> datetime:
        """Give the start on a clock in the zone."""
        return START.astimezone(load_zone(self.zone))


_TWENTY = [{"kind": "cron", "expression": f"{number * 3} {number} {number + 1} * *"} for number in range(20)]
TYPICAL = (
    Case("* * * * *", instants=4000),
    Case("* * * * *", "UTC", instants=4000),
    Case("*/15 8-17 * * 1-5", instants=4000),
    Case("0 9 * * 1-5", instants=4000),
    Case("30 2 * * *", instants=4000),
    Case("30 2 * * *", LORD_HOWE, instants=4000),
    Case("0 0 1 * *"),
    Case("0 9 * * FRI#2"),
    Case("0 0 L * *"),
)
WORST = (
    Case("0 0 29 2 *", instants=100),
    Case("0 0 29 2 1"),
    Case("0 12 31 */2 *"),
    Case("59 23 29 2 */6", instants=50),
    Case("union of 20 crons", instants=200, schedule={"kind": "any", "of": _TWENTY}),
    Case("every 14 days", schedule={"kind": "every", "days": 14, "anchor": "2026-03-17T10:00"}),
)


class Tool(NamedTuple):
    """One library: `walk` gives instants onwards or back, `ask` the next after any instant."""

    name: str
    walk: Callable[[Case, bool], Iterator[datetime]]
    ask: Callable[[Case, datetime], datetime | None]
    read: Callable[[Case], object]
    describe: Callable[[Case], Callable[[], str]] | None = None


def _walk(case: Case, back: bool) -> Iterator[datetime]:
    recurrence = build(case.wanted, case.zone)
    find = recurrence.previous_before if back else recurrence.next_after
    instant = find(START)
    while instant:
        yield instant
        instant = find(instant)


def _read(case: Case) -> object:
    for remembered in (building._build, cron._compile, days.table_of):
        remembered.cache_clear()
    return build(case.wanted, case.zone)


def _walk_croniter(case: Case, back: bool) -> Iterator[datetime]:
    walk = croniter(case.text, case.start)
    find = walk.get_prev if back else walk.get_next
    while True:
        yield find(datetime)


def _ask_cronsim(case: Case, instant: datetime) -> datetime:
    return next(CronSim(case.text, instant.astimezone(load_zone(case.zone))))


def _ask_croniter(case: Case, instant: datetime) -> datetime:
    found: datetime = croniter(case.text, instant.astimezone(load_zone(case.zone))).get_next(datetime)
    return found


OURS = Tool(
    "carillon",
    _walk,
    lambda case, instant: build(case.wanted, case.zone).next_after(instant),
    _read,
    lambda case: build(case.wanted, case.zone).describe,
)
CRONSIM = Tool(
    "cronsim",
    lambda case, back: CronSim(case.text, case.start, reverse=back),
    _ask_cronsim,
    lambda case: CronSim(case.text, START),
    lambda case: CronSim(case.text, START).explain,
)
CRONITER = Tool("croniter", _walk_croniter, _ask_croniter, lambda case: croniter(case.text, START))
TOOLS = (OURS, CRONSIM, CRONITER)


def able_to_walk(case: Case, back: bool = False) -> list[Tool]:
    """Give the libraries that know the schedule and give the very same instants; only these are compared."""
    count = min(case.instants, MOST_COMPARED)
    return _alike(case, lambda tool: list(islice(tool.walk(case, back), count)))


def able_to_answer(case: Case, instants: list[datetime]) -> list[Tool]:
    """Give the libraries that know the very same next instant after each of these."""
    return _alike(case, lambda tool: [tool.ask(case, instant) for instant in instants])


def _alike(case: Case, answers: Callable[[Tool], list[Any]]) -> list[Tool]:
    ours = answers(OURS)
    others = () if case.schedule else (CRONSIM, CRONITER)
    return [OURS, *(tool for tool in others if _in_utc(answers, tool) == ours)]


def _in_utc(answers: Callable[[Tool], list[Any]], tool: Tool) -> list[datetime] | None:
    try:
        return [found.astimezone(UTC) for found in answers(tool)]
    except Exception:  # whatever it raises: it does not know
        return None


def clock_changes(zone_name: str) -> list[datetime]:
    """Give the middays before the clock changes of 2000 to 2037."""
    zone = load_zone(zone_name)
    middays = [datetime(2000, 1, 1, 12, tzinfo=UTC) + number * DAY for number in range(38 * 365)]
    return [midday for midday in middays if _offset(midday, zone) != _offset(midday + DAY, zone)]


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
