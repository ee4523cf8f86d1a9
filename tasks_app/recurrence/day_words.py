"""The days of a cron expression in words."""

from dataclasses import replace

from tasks_app.recurrence.days import DayRule
from tasks_app.recurrence.time_words import SHORTEST_RUN, and_list, bits, is_run, runs

WEEKDAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
ORDINALS = ("", "first", "second", "third", "fourth", "fifth")
_MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ALL_WEEKDAYS, WORKDAYS = 0b1111111, 0b0111110
MONTHS_IN_YEAR = 12
LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def month_name(month: int) -> str:
    """Give the English name of a month."""
    return _MONTHS[month]


def from_last(distance: int) -> str:
    """Count back from the last: last, second-last, third-last, 21st-last."""
    nth = distance + 1
    if nth == 1:
        return "last"
    if nth < len(ORDINALS):
        return f"{ORDINALS[nth]}-last"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(nth % 10 if nth // 10 != 1 else 0, "th")
    return f"{nth}{ending}-last"


def _possible(rule: DayRule, longest: int) -> DayRule:
    """Leave out days that none of the months has."""
    return replace(
        rule,
        days=rule.days & ((2 << longest) - 2),
        from_end=frozenset(distance for distance in rule.from_end if distance < longest),
        nearest_workday=frozenset(day for day in rule.nearest_workday if day <= longest),
    )


class DayWords:
    """Says which days a rule means: as the head of a sentence, or as its tail after a rhythm."""

    def __init__(self, rule: DayRule, months: int) -> None:
        self.months = bits(months)
        longest = max(LONGEST[month] for month in self.months)
        self.rule = _possible(rule, longest)
        self.names_all_days = self.rule.days.bit_count() == longest
        self.by_day = self._day_items()
        self.by_weekday = rule.weekdays != ALL_WEEKDAYS
        if rule.either and not (self.by_day and self.by_weekday):
            # One field names every day already; or the other one names none that these months have.
            self.by_day, self.by_weekday = [], self.by_weekday and not self.names_all_days

    @property
    def is_every_day(self) -> bool:
        """Tell whether nothing restricts the days."""
        return not self.by_day and not self.by_weekday and self._all_year

    @property
    def _all_year(self) -> bool:
        return len(self.months) == MONTHS_IN_YEAR

    def head(self) -> str:
        """Say it before a time: "every weekday", "on day 1 of every month"."""
        if not self.by_day and not self.by_weekday:
            return f"every day{self._in_months()}"
        if not self.by_day:
            return self._weekday_head()
        if not self.by_weekday:
            return self._day_head()
        if self.rule.either:
            return f"{self._day_head()} and {self._weekday_head()}"
        return f"on {and_list(self.by_day)}{self._of_months()} when it is {self._weekday_choice()}"

    def tail(self) -> str:
        """Say it after a rhythm: " on weekdays", ", on day 1 of every month"."""
        if self.is_every_day:
            return ""
        if self.by_day or self._nth_items():
            return f", {self.head()}"
        if not self.by_weekday:
            return self._in_months()
        weekdays = self._weekday_numbers()
        if self.rule.weekdays == WORKDAYS:
            words = " on weekdays"
        elif len(weekdays) >= SHORTEST_RUN and is_run(weekdays):
            words = f" from {self._weekday(weekdays[0])} to {self._weekday(weekdays[-1])}"
        else:
            words = f" on {and_list([self._weekday(number) + 's' for number in weekdays])}"
        return words + self._in_months()

    def _in_months(self) -> str:
        if self._all_year:
            return ""
        spans = runs(self.months, month_name)
        if len(spans) > 1 and all(" to " in span for span in spans):
            return f" {and_list([f'from {span}' for span in spans])}"
        return f" in {and_list(spans)}"

    def _of_months(self) -> str:
        return " of every month" if self._all_year else f" of {self._month_list()}"

    def _month_list(self) -> str:
        return and_list(runs(self.months, month_name))

    def _day_items(self) -> list[str]:
        rule = self.rule
        items: list[str] = []
        if rule.days and not self.names_all_days:
            days = runs(bits(rule.days))
            items.append(f"day{'s' if rule.days & (rule.days - 1) else ''} {and_list(days)}")
        for day in sorted(rule.nearest_workday):
            items.append("the first working day" if day == 1 else f"the working day nearest day {day}")
        for distance in sorted(rule.from_end, reverse=True):
            items.append(f"the {from_last(distance)} day")
        if rule.last_workday:
            items.append("the last working day")
        return [] if self.names_all_days else items

    def _day_head(self) -> str:
        single = bits(self.rule.days)
        if len(self.months) == 1:
            if len(self.by_day) == 1 and len(single) == 1:
                return f"every year on {single[0]} {month_name(self.months[0])}"
            return f"every year on {and_list(self.by_day)} of {month_name(self.months[0])}"
        return f"on {and_list(self.by_day)}{self._of_months()}"

    def _weekday_numbers(self) -> list[int]:
        """Monday first, Sunday as 7."""
        return sorted(number or 7 for number in bits(self.rule.weekdays))

    def _weekday(self, number: int) -> str:
        return WEEKDAY_NAMES[number % 7]

    def _plain_weekdays(self) -> str:
        if self.rule.weekdays == WORKDAYS:
            return "every weekday"
        numbers = self._weekday_numbers()
        if len(numbers) >= SHORTEST_RUN and is_run(numbers):
            return f"every day from {self._weekday(numbers[0])} to {self._weekday(numbers[-1])}"
        return f"every {and_list([self._weekday(number) for number in numbers])}"

    def _nth_items(self) -> list[str]:
        nth = sorted(self.rule.nth_weekdays, key=lambda pair: (pair[1], pair[0] or 7))
        items = [f"the {ORDINALS[number]} {WEEKDAY_NAMES[weekday]}" for weekday, number in nth]
        return items + [f"the last {WEEKDAY_NAMES[weekday]}" for weekday in bits(self.rule.last_weekdays)]

    def _weekday_head(self) -> str:
        words = [f"{self._plain_weekdays()}{self._in_months()}"] if self.rule.weekdays else []
        if self._nth_items():
            only = " of every " + month_name(self.months[0]) if len(self.months) == 1 else self._of_months()
            words.append(f"on {and_list(self._nth_items())}{only}")
        return and_list(words)

    def _weekday_choice(self) -> str:
        days = [self._weekday(number) for number in self._weekday_numbers()]
        return and_list(days + self._nth_items(), "or")
