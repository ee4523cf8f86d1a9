"""From the events of a file to days off: from a year ago to ten years ahead, and those of every year."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from tasks_app.recurrence.day_rules import Budget, TooMuchWork, spans
from tasks_app.services.ical.events import LONGEST_NAME, Event, read_event
from tasks_app.services.ical.lines import events_in, fault, text_of

MOST_DAYS = 2000
MOST_LOOKED_AT = 500_000
"""Days that one file may have us look at; half a second's work."""
BACK, AHEAD = timedelta(days=366), timedelta(days=3653)
_NEARLY_A_YEAR = timedelta(days=364)
_SHOWN = 3


@dataclass(frozen=True)
class LeftOut:
    """Why some events gave no day, how many, and what the first of them are called."""

    reason: str
    count: int
    examples: list[str]


@dataclass(frozen=True)
class Imported:
    """Days as calendars write them, "2027-05-14" or "12-24" for every year, with their names."""

    days: dict[str, str]
    left_out: list[LeftOut] = field(default_factory=list)


def read_ical(content: str | bytes, *, today: date) -> Imported:
    """Find the days off in a file; raises Invalid at `ical` for one that cannot be read, or has none."""
    events = [read_event(raw) for raw in events_in(text_of(content))]
    search = _Search(today, _replaced(events))
    try:
        for event in events:
            search.look_at(event)
    except TooMuchWork:
        message = "Its rules would take too long to work out; import the days themselves."
        raise fault("too_much", message) from None
    found = search.imported()
    if not found.days:
        raise fault("no_days", _nothing(found))
    return found


@dataclass
class _Search:
    today: date
    replaced: dict[str, set[date]]
    budget: Budget = field(default_factory=lambda: Budget(MOST_LOOKED_AT))
    names: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def look_at(self, event: Event) -> None:
        if event.why_not:
            self.left_out[event.why_not].append(event.name)
            return
        days = set(self._written(event))
        for day in sorted(days):
            self._keep(day, event.name)
        if not days:
            self.left_out[f"lies before {self.first} or after {self.last}"].append(event.name)

    @property
    def first(self) -> date:
        return self.today - BACK

    @property
    def last(self) -> date:
        return self.today + AHEAD

    def imported(self) -> Imported:
        days = {day: ", ".join(filter(None, names))[:LONGEST_NAME] for day, names in sorted(self.names.items())}
        left_out = [LeftOut(reason, len(names), _examples(names)) for reason, names in self.left_out.items()]
        return Imported(days, left_out)

    def _keep(self, day: str, name: str) -> None:
        if day not in self.names and len(self.names) >= MOST_DAYS:
            raise fault("too_many", f"It has more than {MOST_DAYS:,} days off.")
        names = self.names.setdefault(day, [])
        if name not in names:
            names.append(name)

    def _written(self, event: Event) -> Iterator[str]:
        every_year = self._every_year(event)
        yield from every_year
        starts = self._starts(event, is_ruled=not every_year)
        for day in spans(starts, event.length, self.first, self.last, self.budget):
            yield str(day)

    def _starts(self, event: Event, *, is_ruled: bool) -> Iterator[date]:
        """The days on which it begins, those included whose end alone lies in what is looked at."""
        without = event.without | (self.replaced.get(event.uid, set()) if event.instead_of is None else set())
        first = self.first - timedelta(event.length)
        ruled: Iterable[date] = (event.start,) if is_ruled else ()
        if is_ruled and event.rule is not None:
            ruled = event.rule.days(event.start, first, self.last, self.budget)
        for starts in (ruled, event.more):
            yield from (day for day in starts if day not in without and first <= day <= self.last)

    def _every_year(self, event: Event) -> list[str]:
        """The days, where the same ones are meant in every year from now on."""
        fixed = event.rule.fixed(event.start) if event.rule is not None else None
        has_begun = event.start <= self.today + _NEARLY_A_YEAR
        if not fixed or not has_begun or event.without or self.replaced.get(event.uid):
            return []
        self.budget.take(len(fixed) * event.length)
        covered = [_covered(day, event.length) for day in fixed]
        return [] if None in covered else [day for days in covered for day in days or ()]


def _covered(day: tuple[int, int], length: int) -> list[str] | None:
    """The days of every year from one on; None where the leap day makes a difference."""
    if length == 1:
        return [f"{day[0]:02}-{day[1]:02}"]
    try:
        leap, plain = ([date(year, *day) + timedelta(n) for n in range(length)] for year in (2000, 2001))
    except ValueError:
        return None
    written = [f"{each:%m-%d}" for each in leap]
    return written if written == [f"{each:%m-%d}" for each in plain] else None


def _replaced(events: Iterable[Event]) -> dict[str, set[date]]:
    """The days of each series in whose place another event stands."""
    found: dict[str, set[date]] = defaultdict(set)
    for event in events:
        if event.instead_of is not None and event.uid:
            found[event.uid].add(event.instead_of)
    return dict(found)


def _examples(names: list[str]) -> list[str]:
    return [name or "(no name)" for name in dict.fromkeys(names)][:_SHOWN]


def _nothing(found: Imported) -> str:
    if not found.left_out:
        return "There is no event in it."
    reasons = "; ".join(f"“{one.examples[0]}” {one.reason}" for one in found.left_out[:_SHOWN])
    return f"There is no whole-day event in it that could be a day off: {reasons}."
