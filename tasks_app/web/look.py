"""What the page of upcoming runs looks at: which tasks, from when, how far; and the address that says so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from tasks_app.selectors.planned import PlannedFilters
from tasks_app.services.load import HOUR, minutes_of
from tasks_app.services.starts import Window
from tasks_app.web import query

SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
SPAN_WORDS = {"hour": "hour", "day": "24 hours", "week": "7 days"}
SPAN_LABELS = {"hour": "1 hour", "day": "24 hours", "week": "7 days"}
FURTHEST = timedelta(days=366)
_YEARS = (1970, 9000)
FILTERS = ("type", "queue", "tag", "owner")
ORDERS = {"": "Soonest first", "often": "Most often first"}


@dataclass(frozen=True)
class Look:
    """A span of time from `start`, which is None for now, and the filters."""

    now: datetime
    span: str = "day"
    start: datetime | None = None
    filters: PlannedFilters = field(default_factory=PlannedFilters)
    order: str = ""

    @classmethod
    def of(cls, data: QueryDict, now: datetime) -> "Look":
        """Read an address leniently: what has no meaning counts as not said."""
        span, order = data.get("span", ""), data.get("order", "")
        return cls(
            now=now,
            span=span if span in SPANS else "day",
            start=_later(data.get("from", ""), now),
            filters=PlannedFilters(**query.texts(data, FILTERS), task=query.identifier(data, "task")),
            order=order if order in ORDERS else "",
        )

    @cached_property
    def window(self) -> Window:
        """The window in seconds since 1970."""
        start = (self.start or self.now).replace(second=0, microsecond=0)
        return Window.of(start, start + SPANS[self.span])

    @property
    def is_filtered(self) -> bool:
        """Some tasks are left out."""
        return self.filters != PlannedFilters()

    def parameters(self) -> list[tuple[str, str]]:
        """Give what an address has to say to look at the same."""
        shown = [(name, str(getattr(self.filters, name) or "")) for name in (*FILTERS, "task")]
        shown += [("span", "" if self.span == "day" else self.span), ("order", self.order)]
        shown.append(("from", written(self.start) if self.start else ""))
        return [(name, value) for name, value in shown if value]

    def href(self, page: str = "upcoming", **more: str) -> str:
        """Give the address of a page that looks at the same, with something more."""
        found = QueryDict(mutable=True)
        for name, value in (*self.parameters(), *more.items()):
            found[name] = value
        return f"{reverse(page)}?{found.urlencode()}" if found else reverse(page)

    def at(self, span: str, second: int | None) -> "Look":
        """Give the look at another span, from this second on or from now."""
        start = None if second is None else moment(second)
        return replace(self, span=span, start=start if start and start > self.now else None)

    def beside(self) -> tuple["Look | None", "Look"]:
        """Give the spans before this one and after it; before now there is none."""
        before = self.window.start - (self.window.end - self.window.start)
        return (self.at(self.span, before) if self.start else None), self.at(self.span, self.window.end)

    def bars(self) -> list[int]:
        """Give the edges of the bars: minutes of an hour, the reader's hours otherwise."""
        return minutes_of(self.window) if self.span == "hour" else list(_edges(self.window, _next_hour))

    def pages(self) -> list[int]:
        """Give the edges of the list: the reader's days of a week, hours otherwise."""
        return list(_edges(self.window, _next_day if self.span == "week" else _next_hour))


def moment(second: int) -> datetime:
    """Give the instant."""
    return datetime.fromtimestamp(second, UTC)


def local(second: int) -> datetime:
    """Give the instant on the reader's clock."""
    return timezone.localtime(moment(second))


def written(instant: datetime) -> str:
    """Write an instant as it stands in addresses."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def read(text: str) -> datetime | None:
    """Read what `written` has written, to the minute; None for anything else, and for what no clock will show."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None or not _YEARS[0] <= found.year <= _YEARS[1]:
        return None
    return found.astimezone(UTC).replace(second=0, microsecond=0)


def _later(text: str, now: datetime) -> datetime | None:
    found = read(text)
    return found if found is not None and now < found < now + FURTHEST else None


def _edges(window: Window, following: Callable[[int], int]) -> Iterator[int]:
    edge = window.start
    while edge < window.end:
        yield edge
        edge = following(edge)
    yield window.end


def _next_hour(second: int) -> int:
    offset = local(second).utcoffset() or timedelta()
    into = (second + int(offset.total_seconds())) % HOUR
    return second + HOUR - into


def _next_day(second: int) -> int:
    here = local(second)
    midnight = datetime.combine(here.date() + timedelta(days=1), time.min, here.tzinfo)
    return max(second + HOUR, int(midnight.timestamp()))
