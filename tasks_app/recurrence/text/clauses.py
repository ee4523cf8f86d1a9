"""The pieces that a text is made of, before anything is known of how they fit together."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

Scope = Literal["", "month", "quarter", "year"]


class Clock(NamedTuple):
    """A time of day. `style` tells how it was written: "plain" is 1 to 12 without a word on which half of the day."""

    minutes: int
    second: int
    style: Literal["plain", "12", "24", "word"]
    start: int
    end: int

    @property
    def text(self) -> str:
        """Write it as HH:MM."""
        return f"{self.minutes // 60:02}:{self.minutes % 60:02}"


class Item(NamedTuple):
    """A day counted in a month: day 15, the second Friday, the last working day (number -1 is the last)."""

    kind: Literal["day", "nth", "workday", "nearest"]
    number: int
    weekday: str = ""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """Where it stands in the text."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Head(Clause):
    """Every day, every 2 weeks, monthly."""

    unit: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Rhythm(Clause):
    """Every 5 minutes: the whole of it in seconds, and the unit that was written."""

    seconds: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class Days(Clause):
    """Mondays, or days counted in the month."""

    weekdays: frozenset[str] = frozenset()
    items: tuple[Item, ...] = ()
    months: frozenset[int] = frozenset()
    scope: Scope = ""
    is_repeated: bool = False
    """Said with every or each, so that it cannot be meant once."""
    is_loose: bool = False
    """A day that is counted, but not said of what."""


@dataclass(frozen=True, kw_only=True)
class Months(Clause):
    """In July and August."""

    months: frozenset[int]
    is_repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Dates(Clause):
    """On 3 March 2027."""

    dates: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class Times(Clause):
    """At 9 and 17:30."""

    clocks: tuple[Clock, ...]


@dataclass(frozen=True, kw_only=True)
class Minutes(Clause):
    """At minute 20, at 20 past; `of_hour` is "the" or "every" where it names the hour itself."""

    minutes: tuple[int, ...]
    of_hour: str = ""


@dataclass(frozen=True, kw_only=True)
class Hours(Clause):
    """In the hours 8 and 20."""

    hours: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Phase(Clause):
    """From minute 5 of each hour."""

    minute: int


@dataclass(frozen=True, kw_only=True)
class Window(Clause):
    """From 8:00 to 18:00, in minutes of the day; the end may be 24:00."""

    first: int
    last: int | None


@dataclass(frozen=True, kw_only=True)
class Except(Clause):
    """Except Sunday, except in August."""

    weekdays: frozenset[str] = frozenset()
    months: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Anchor(Clause):
    """Starting 2 March 2027; `is_counted` when it only tells where to count from."""

    day: date
    is_counted: bool = False


@dataclass(frozen=True, kw_only=True)
class Part(Clause):
    """In the morning."""

    part: str


@dataclass(frozen=True, kw_only=True)
class Often(Clause):
    """Twice a day: so many times are to be named."""

    count: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class Once(Clause):
    """Once: a date must be there."""
