"""How far back the chart of the home page looks: an hour by minutes, a day by hours, four weeks by days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.selectors.rollups import Ended, per_day, per_hour, per_minute


@dataclass(frozen=True)
class Span:
    """One of them: its name in the address, what it says, its bars, and what is written below and beside them."""

    name: str
    label: str
    each: str
    within: str
    read: Callable[[User], list[Ended]]
    is_marked: Callable[[datetime], bool]
    mark: Callable[[datetime], str]
    told: Callable[[datetime], str]


def _clock(local: datetime) -> str:
    return f"{local:%H:%M}"


def _day(local: datetime) -> str:
    return f"{local.day} {local:%b}"


HOUR = Span(
    name="hour",
    label="Hour",
    each="minute",
    within="within the last hour",
    read=per_minute,
    is_marked=lambda local: local.minute % 15 == 0,
    mark=_clock,
    told=_clock,
)
DAY = Span(
    name="day",
    label="Day",
    each="hour",
    within="within the last 24 hours",
    read=per_hour,
    is_marked=lambda local: local.hour % 6 == 0,
    mark=_clock,
    told=lambda local: f"{local:%a} {local:%H:%M}",
)
WEEKS = Span(
    name="weeks",
    label="4 weeks",
    each="day",
    within="within the last four weeks",
    read=lambda user: per_day(user, 28, timezone.get_current_timezone()),
    is_marked=lambda local: local.weekday() == 0,
    mark=_day,
    told=lambda local: f"{local:%a} {_day(local)}",
)
SPANS = (HOUR, DAY, WEEKS)


def span_named(name: str) -> Span:
    """The span of this name; the hour for any other."""
    return next((one for one in SPANS if one.name == name), HOUR)
