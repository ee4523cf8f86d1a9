"""Days on which nothing should run: weekends, single dates, dates of every year, and the holidays of a country."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from tasks_app.recurrence.errors import ScheduleError, quoted
from tasks_app.recurrence.writing import WEEKDAYS

DAY = timedelta(days=1)
LONGEST_RUN = 62
"""A longer row of days off is never looked past: no working day is found there."""
FIRST_YEAR, LAST_YEAR = 1970, 2200
_LEAP_YEAR = 2000
_DAY = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)", re.ASCII)


@dataclass(frozen=True)
class DaysOff:
    """A set of days. Weekdays count from Monday = 0, as `date.weekday` does; `yearly` holds (month, day)."""

    weekend: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    country: str = ""
    subdivision: str = ""

    def __contains__(self, day: date) -> bool:
        return (
            day.weekday() in self.weekend
            or day in self.dates
            or (day.month, day.day) in self.yearly
            or (bool(self.country) and day in holidays_of(self.country, self.subdivision, day.year))
        )

    def working_day(self, day: date, step: timedelta) -> date | None:
        """Give the day itself when it is none off, else the nearest in the direction of `step`; None if too far."""
        for _ in range(LONGEST_RUN + 1):
            if day not in self:
                return day
            try:
                day += step
            except OverflowError:
                return None
        return None


def longest_run(off: DaysOff, year: int) -> int:
    """Give the most days off in a row, of those that begin in ten years from `year` on or with a single day."""
    starts = {*off.dates, *(_in_year(month, day, year + ahead) for month, day in off.yearly for ahead in range(10))}
    longest = 0
    for day in filter(None, starts):
        if day - DAY in off and day - DAY in starts:
            continue  # counted from its beginning
        first = off.working_day(day, -DAY)
        last = off.working_day(day, DAY)
        longest = max(longest, (last - first).days - 1 if first and last else LONGEST_RUN + 1)
    return longest


def _in_year(month: int, day: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@dataclass(frozen=True)
class Written:
    """The days of a calendar as people give them: "2027-05-14", or "12-24" for every year."""

    dates: frozenset[date] = field(default_factory=frozenset)
    yearly: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    @classmethod
    def of(cls, days: Iterable[str]) -> "Written":
        """Read them; ValueError for one that is no day."""
        read = [read_day(day) for day in days]
        return cls(
            frozenset(day for day in read if isinstance(day, date)),
            frozenset(day for day in read if isinstance(day, tuple)),
        )


def read_day(text: str) -> date | tuple[int, int]:
    """Read "2027-05-14" as a date and "12-24" as (month, day); ValueError where it is neither."""
    written = _DAY.fullmatch(text)
    if not written:
        raise ValueError("must be a day such as 2027-05-14, or 12-24 for every year")
    try:
        day = date(int(written[1] or _LEAP_YEAR), int(written[2]), int(written[3]))
    except ValueError:
        raise ValueError(f"there is no such day as {text}") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"the year of a day is {FIRST_YEAR} to {LAST_YEAR}")
    return day if written[1] else (day.month, day.day)


def days_off(
    *, weekend: Iterable[str] = (), days: Iterable[str] = (), country: str = "", subdivision: str = ""
) -> DaysOff:
    """Build the set of days from what a calendar stores; ValueError where something cannot be read."""
    written = Written.of(days)
    numbers = frozenset(WEEKDAYS.index(day) for day in weekend)
    return DaysOff(numbers, written.dates, written.yearly, country, subdivision)


@lru_cache(maxsize=512)
def holidays_of(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """Give the public holidays of a year with their English names; none where the country is not known any more."""
    import holidays  # noqa: PLC0415  # costs 20 MB and a tenth of a second, which few processes need

    try:
        return dict(
            holidays.country_holidays(
                country, subdiv=subdivision or None, years=year, expand=False, language=_language(country)
            )
        )
    except NotImplementedError:
        return {}


@lru_cache(maxsize=512)
def _language(country: str) -> str | None:
    import holidays  # noqa: PLC0415  # as above

    known = getattr(holidays.country_holidays(country), "supported_languages", ())
    return "en_US" if "en_US" in known else None


@lru_cache(maxsize=1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """Give the countries whose holidays are known, by ISO code, each with the codes of its subdivisions."""
    import holidays  # noqa: PLC0415  # as above

    return {
        code: tuple(parts) for code, parts in sorted(holidays.list_supported_countries(include_aliases=False).items())
    }


def check_country(country: str, subdivision: str) -> None:
    """Raise ScheduleError at `country` or `subdivision` for what is not known."""
    if not country and subdivision:
        raise ScheduleError.at("subdivision", "required", "a subdivision needs its country")
    if country and country not in countries():
        message = f"the holidays of {quoted(country)} are not known; use an ISO code such as DE, GB or US"
        raise ScheduleError.at("country", "unknown", message)
    if subdivision and subdivision not in countries()[country]:
        known = ", ".join(countries()[country]) or "none"
        raise ScheduleError.at("subdivision", "unknown", f"{country} has no part {quoted(subdivision)}; known: {known}")
