"""From the days of a rule to the day fields of cron lines, and to the friendly kinds where one says the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks_app.recurrence.text.clauses import Dates, Days, Except, Head, Item, Months
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.rules import Rule
from tasks_app.recurrence.writing import WEEKDAYS, cron_weekday, day_field, joined

Fields = dict[str, Any]
ALL_MONTHS = frozenset(range(1, 13))
_QUARTER_FIRST = frozenset({1, 4, 7, 10})
_QUARTER_LAST = frozenset({3, 6, 9, 12})
_MOST_NTH = 5
EVERY = ("every", "each", "all")


@dataclass(frozen=True)
class DayLine:
    """The three day fields; `friendly` is the friendly schedule of the same days but for its time."""

    day: str = "*"
    month: str = "*"
    weekday: str = "*"
    friendly: Fields | None = None
    is_cron: bool = True

    @property
    def fields(self) -> str:
        """Give the last three fields of a cron expression."""
        return f"{self.day} {self.month} {self.weekday}"

    @property
    def is_every_day(self) -> bool:
        """Tell whether nothing is restricted."""
        return self.fields == "* * *"


def day_lines(rule: Rule, cursor: Cursor) -> list[DayLine]:
    """Give the lines whose union is the days of a rule."""
    months = _clause_months(rule, cursor)
    left_out = frozenset(day for clause in rule.of(Except) for day in clause.weekdays)
    every = rule.of(Days)
    _check_months(every)
    if not every:
        return [_weekday_line(frozenset(WEEKDAYS) - left_out, months)]
    lines: list[DayLine] = []
    weekdays: dict[frozenset[int], frozenset[str]] = {}
    for days in every:
        _check_head(rule, days, cursor)
        if days.weekdays:
            own = _own_months(days, months, rule)
            weekdays[own] = weekdays.get(own, frozenset()) | days.weekdays
        elif left_out:
            raise Refusal("text_unsupported", "weekdays can be left out of weekdays only", rule.of(Except)[0].start)
        else:
            lines += _item_lines(days, months, rule, cursor)
    for own, chosen in weekdays.items():
        if not chosen - left_out:
            raise Refusal("text_never", "no day is left", rule.of(Except)[0].start)
        lines.append(_weekday_line(chosen - left_out, own))
    return _joined(lines)


def _joined(lines: list[DayLine]) -> list[DayLine]:
    """Join lines of the same months: where both day fields are restricted, either is enough."""
    found: dict[str, DayLine] = {}
    apart: list[DayLine] = []
    for line in lines:
        before = found.get(line.month)
        if not line.is_cron or (line.day, line.weekday) == ("*", "*"):
            apart.append(line)
        elif not before:
            found[line.month] = line
        else:
            day, weekday = _both(before.day, line.day), _both(before.weekday, line.weekday)
            found[line.month] = DayLine(day, line.month, weekday)
    return [*found.values(), *apart]


def _both(one: str, two: str) -> str:
    return two if one == "*" else one if two == "*" else f"{one},{two}"


def _check_months(every: list[Days]) -> None:
    """Refuse "on Mondays and on Fridays in July": the month may be meant for both."""
    named = [days for days in every if days.months]
    bare = [days for days in every if not (days.months or days.scope or days.is_repeated)]
    if named and bare:
        raise Refusal("text_ambiguous", "in these months too? Say the months of each", bare[0].end)


def _clause_months(rule: Rule, cursor: Cursor) -> frozenset[int]:
    """Give the months that clauses of their own name: in July, every 2 months, except in August."""
    named = frozenset(month for clause in rule.of(Months) for month in clause.months)
    head = rule.one(Head)
    if head and head.unit == "months" and head.count > 1:
        if named:
            raise Refusal("text_ambiguous", "name the months, or say every how many, not both", head.start)
        named = frozenset(range(1, 13, _month_step(head, cursor)))
    if head and head.unit == "months" and head.count == 1 and len(named) == 1:
        raise Refusal("text_ambiguous", "every month, or only this one? Say one of them", head.start)
    excepted = [clause for clause in rule.of(Except) if clause.months]
    if excepted and rule.has(Months):
        raise Refusal("text_ambiguous", "the months are said twice", excepted[0].start)
    left = (named or ALL_MONTHS) - {month for clause in rule.of(Except) for month in clause.months}
    if not left:
        raise Refusal("text_never", "no month is left", rule.of(Except)[0].start)
    return left


def _month_step(head: Head, cursor: Cursor) -> int:
    if 12 % head.count:  # months in a year
        message = f"{head.count} months do not divide a year evenly; every 1, 2, 3, 4, 6 or 12 months can be said"
        raise Refusal("text_unsupported", message, head.start)
    return head.count


def _check_head(rule: Rule, days: Days, cursor: Cursor) -> None:
    """Refuse days that do not fit the word before them: monthly on Monday, weekly on the 1st."""
    head = rule.one(Head)
    unit = head.unit if head else ""
    if head and days.weekdays and unit in {"months", "quarters", "years"} and not (unit == "years" and days.months):
        written = cursor.text[days.start : days.end].removeprefix("on ")
        better = cursor.changed(days.start, days.end, f"on the first {written}")
        first, last = sorted((head, days), key=lambda clause: clause.start)
        every = cursor.changed(first.start, last.end, f"every {written}")
        raise Refusal("text_ambiguous", f'which of them? Write "{better}", or "{every}"', days.start, better, every)
    is_single = days.is_repeated or len(days.weekdays) == 1
    if head and unit == "days" and is_single and cursor.text[head.start :][:5].lower().startswith(EVERY):
        raise Refusal("text_ambiguous", "every day, or only on these? Say one of them", days.start)
    if days.items and unit in {"days", "weeks"}:
        raise Refusal("text_ambiguous", "these days do not fit what stands before them", days.start)
    if unit == "months" and days.months:
        raise Refusal("text_ambiguous", "every month, or only in these? Say one of them", days.start)
    if unit == "years" and not (days.months or days.scope == "year" or rule.has(Months)):
        raise Refusal("text_day", "in which month of the year?", days.end)


def _own_months(days: Days, months: frozenset[int], rule: Rule) -> frozenset[int]:
    if not days.months:
        return months
    if rule.has(Months):
        raise Refusal("text_ambiguous", "the months are said twice", days.start)
    return days.months & months if rule.has(Except) else days.months


def _item_lines(days: Days, months: frozenset[int], rule: Rule, cursor: Cursor) -> Iterator[DayLine]:
    """Give a line for the days of the month, one for the counted weekdays, one for each counted working day."""
    if days.is_loose and not (rule.has(Head, Months) or days.months):
        better = cursor.changed(days.end, days.end, " of every month")
        raise Refusal("text_ambiguous", f'of what? Write "{better}"', days.start, better)
    for own, items in _by_months(days, months, rule).items():
        _check_once(days, own, rule, cursor)
        counted = [item for item in items if item.kind == "workday" and item.number > 1]
        in_month = [item for item in items if item.kind != "nth" and item not in counted]
        nth = [item for item in items if item.kind == "nth"]
        month = joined(sorted(own), 12)
        if in_month:
            plain = sorted({item.number for item in in_month if item.kind == "day" and item.number > 0})
            special = [_in_month(item) for item in in_month if item.kind != "day" or item.number < 0]
            field = ",".join([joined(plain, 0)] * bool(plain) + list(dict.fromkeys(special)))
            yield DayLine(field, month, "*", _friendly(in_month, own))
        if nth:
            yield DayLine("*", month, ",".join(dict.fromkeys(_nth(item) for item in nth)), _friendly(nth, own))
        for item in counted:
            if own != ALL_MONTHS:
                message = "a counted working day can be said of every month only, but for the first and the last"
                raise Refusal("text_unsupported", message, days.start)
            yield DayLine(friendly={"kind": "monthly", "workday": item.number}, is_cron=False)


def _by_months(days: Days, months: frozenset[int], rule: Rule) -> dict[frozenset[int], list[Item]]:
    head = rule.one(Head)
    of_quarters = bool(head) and head is not None and head.unit == "quarters"
    if of_quarters and days.scope == "month" and any(item.number < 0 for item in days.items):
        raise Refusal("text_ambiguous", "of the month, or of the quarter? Name the months", days.start)
    if not (of_quarters or days.scope in {"quarter", "year"}):
        return {_own_months(days, months, rule): list(days.items)}
    if months != ALL_MONTHS or days.months:
        raise Refusal("text_ambiguous", "name the months, or the quarter or year, not both", days.start)
    found: dict[frozenset[int], list[Item]] = {}
    for item in days.items:
        if item.kind == "nth" and item.number == _MOST_NTH:
            raise Refusal("text_unsupported", "only four weekdays of a kind are in every month", days.start)
        at_end = item.number < 0
        if days.scope == "year":
            chosen = frozenset({12 if at_end else 1})
        else:
            chosen = _QUARTER_LAST if at_end else _QUARTER_FIRST
        found.setdefault(chosen, []).append(item)
    return found


def _check_once(days: Days, months: frozenset[int], rule: Rule, cursor: Cursor) -> None:
    """Refuse 24 December without a year: it may be meant once."""
    dated = [other for other in rule.of(Days) if other.items and other.months]
    if days.scope == "month" and days.is_repeated and len(months) == 1:
        raise Refusal("text_ambiguous", "every month, or only this one? Say one of them", days.start)
    is_repeated = days.scope or any(other.is_repeated for other in [days, *dated])
    # The third Thursday of November has no other year to be meant than each.
    is_repeated = is_repeated or (bool(days.items) and all(item.kind == "nth" for item in days.items))
    is_repeated = is_repeated or any(months_.is_repeated for months_ in rule.of(Months))
    if len(months) > 1 or is_repeated or rule.has(Head, Dates):
        return
    has_on = cursor.text[days.start : days.start + 2].lower() == "on"
    better = cursor.changed(days.start, days.start, "every year " if has_on else "every year on ")
    message = f'once, or every year? Say the year too, or write "{better}"'
    raise Refusal("text_ambiguous", message, days.start, better)


def _in_month(item: Item) -> str:
    if item.kind == "nearest":
        return f"{item.number}W"
    if item.kind == "workday":
        return "1W" if item.number == 1 else "LW"
    return day_field(item.number)


def _nth(item: Item) -> str:
    weekday = cron_weekday(item.weekday)
    return f"{weekday}L" if item.number < 0 else f"{weekday}#{item.number}"


def _weekday_line(weekdays: frozenset[str], months: frozenset[int]) -> DayLine:
    numbers = sorted(cron_weekday(day) for day in weekdays)
    field = joined(numbers, 7)
    friendly: Fields | None = None
    if months == ALL_MONTHS:
        days = [day for day in WEEKDAYS if day in weekdays]
        friendly = {"kind": "daily"} if field == "*" else {"kind": "weekly", "days": days}
    return DayLine("*", joined(sorted(months), 12), field, friendly)


def _friendly(items: list[Item], months: frozenset[int]) -> Fields | None:
    """Give the monthly or yearly schedule of a single day, without its time."""
    item = items[0]
    number: int | str = "last" if item.number == -1 else item.number
    monthly: dict[str, Fields] = {
        "day": {"kind": "monthly", "day": number},
        "nth": {"kind": "monthly", "nth": number, "weekday": item.weekday},
        "workday": {"kind": "monthly", "workday": "first" if number == 1 else number},
    }
    if len(set(items)) > 1:
        return None
    if item.kind == "day" and len(months) == 1:
        return {"kind": "yearly", "month": min(months), "day": number}
    return monthly.get(item.kind) if months == ALL_MONTHS else None
