"""The next twelve months of a calendar as a small picture, and the same as a list.

Each kind of day has a shape of its own, so that colour is never the only sign: a working day is a dot, a weekend a pale
square, a public holiday a full square, a single day a ring. Each month stands under the letters of its weekdays, which
begin with Monday; days that have passed are pale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from tasks_app.models import Calendar
from tasks_app.recurrence.days_off import DAY
from tasks_app.selectors.calendar_days import HOLIDAY, ICAL, TYPED, WEEKEND, DayOff, days_off_between
from tasks_app.web.calendar_words import KINDS

MONTHS = 12
PITCH = 16
HEAD = 14
"""Room for the letters of the weekdays."""
_DOT, _RING, _INSET = 1.75, 5, 2


@dataclass(frozen=True)
class Cell:
    """A day of the picture; `anchor` is its row in the list, where it has one."""

    x: int
    y: int
    shape: str
    title: str
    anchor: str
    is_today: bool
    is_past: bool = False

    @property
    def corner(self) -> tuple[int, int]:
        """Where a square in it begins."""
        return self.x + _INSET, self.y + _INSET

    @property
    def middle(self) -> tuple[float, float]:
        """Where its centre is."""
        return self.x + PITCH / 2, self.y + PITCH / 2


@dataclass(frozen=True)
class Month:
    """A month of the picture."""

    name: str
    cells: list[Cell]
    label: str


@dataclass(frozen=True)
class Row:
    """A day off that is more than a weekend."""

    date: date
    name: str
    kinds: str
    anchor: str


@dataclass(frozen=True)
class Year:
    """The whole picture, what it shows in a sentence, and its list."""

    months: list[Month]
    rows: list[Row]
    span: str
    off_count: int
    working_count: int

    width, height, pitch = 7 * PITCH, HEAD + 6 * PITCH, PITCH
    weekdays = tuple(zip((n * PITCH + PITCH // 2 for n in range(7)), "MTWTFSS", strict=True))
    dot, ring, side = _DOT, _RING, PITCH - 2 * _INSET
    legend = (
        ("work", "working day"),
        (WEEKEND, "weekend"),
        (HOLIDAY, "holiday"),
        ("single", "single day, or from a file"),
    )


def draw_year(calendar: Calendar, today: date) -> Year:
    """Draw the month of `today` and the eleven after it; the list begins today."""
    starts = [_month(today, n) for n in range(MONTHS + 1)]
    last = starts[-1] - DAY
    off = {day.date: day for day in days_off_between(calendar, starts[0], last)}
    total = (starts[-1] - starts[0]).days
    return Year(
        months=[_draw(start, end, off, today) for start, end in pairwise(starts)],
        rows=[_row(day) for day in off.values() if _is_listed(day, today)],
        span=f"{starts[0]:%B %Y} to {last:%B %Y}",
        off_count=len(off),
        working_count=total - len(off),
    )


def _month(today: date, later: int) -> date:
    months = today.year * 12 + today.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def _draw(start: date, end: date, off: Mapping[date, DayOff], today: date) -> Month:
    days = [date.fromordinal(number) for number in range(start.toordinal(), end.toordinal())]
    count = sum(day in off for day in days)
    cells = [_cell(day, start, off.get(day), today) for day in days]
    is_named_in_full = start.month == 1 or start <= today
    return Month(
        f"{start:%b %Y}" if is_named_in_full else f"{start:%B}",
        cells,
        f"{start:%B %Y}: {count} of {len(days)} days off",
    )


def _is_listed(off: DayOff, today: date) -> bool:
    """It is more than a weekend, and has not passed."""
    return off.kinds != (WEEKEND,) and off.date >= today


def _cell(day: date, start: date, off: DayOff | None, today: date) -> Cell:
    place = day.day - 1 + start.weekday()
    says = _said(off) if off is not None else "working day"
    return Cell(
        x=place % 7 * PITCH,
        y=HEAD + place // 7 * PITCH,
        shape=_shape(off),
        title=f"{_written(day)}: {says}{', today' if day == today else ''}",
        anchor=_anchor(day) if off is not None and _is_listed(off, today) else "",
        is_today=day == today,
        is_past=day < today,
    )


def _shape(off: DayOff | None) -> str:
    if off is None:
        return "work"
    if TYPED in off.kinds or ICAL in off.kinds:
        return "single"
    return HOLIDAY if HOLIDAY in off.kinds else WEEKEND


def _said(off: DayOff) -> str:
    return ", ".join(off.names) or KINDS[off.kinds[0]]


def _row(off: DayOff) -> Row:
    kinds = sorted(off.kinds, key=lambda kind: kind == WEEKEND)
    return Row(off.date, ", ".join(off.names), ", ".join(KINDS[kind] for kind in kinds), _anchor(off.date))


def _anchor(day: date) -> str:
    return f"off-{day}"


def _written(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
