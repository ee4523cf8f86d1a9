"""Expressions with seconds: what is offered instead means the same, or nothing is offered."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from tasks_app.recurrence import Problem, ScheduleError, build, check_timezone, parse
from tasks_app.recurrence.fields import DAY_NAMES

SUNDAY = datetime(2027, 1, 3, tzinfo=UTC)


def problem_with(expression: str) -> Problem:
    """Give what is said of an expression that is refused."""
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC")
    return refused.value.problems["expression"][0]


@pytest.mark.parametrize(
    ("expression", "suggestion", "also"),
    [
        ("0,30 * * * * ?", {"kind": "every", "seconds": 30}, ()),
        ("0/15 * * ? * *", {"kind": "every", "seconds": 15}, ()),
        ("*/30 * * * * *", {"kind": "every", "seconds": 30}, ()),
        ("15,45 * * * * *", {"kind": "every", "seconds": 30, "anchor": "1970-01-01T00:00:15Z"}, ()),
        ("*/7 * * * * *", "* * * * *", ()),
        ("0,20 * * * * ?", "* * * * *", ()),
        ("0,30 9 * * * ?", "9 * * * *", ()),
        ("0,30 * 9 * * *", "* 9 * * *", ()),
        ("* * 9 * * ?", "* 9 * * *", ()),
        ("15,45 9 * * * *", "15,45 9 * * *", ()),
        ("5 0 * * * *", "0 * * * *", ("5 0 * * *",)),
        ("30 */5 * * * *", "*/5 * * * *", ("30 */5 * * *",)),
        ("10 30 9 * * *", "30 9 * * *", ()),
        ("30 0 9 * * 1", "0 9 * * 1", ()),
        ("10 0 9 ? * FRI 2027", "0 9 * * FRI", ()),
        ("0 0 22-6 * * ?", "0 22-23,0-6 * * *", ()),
    ],
)
def test_seconds_become_an_interval_or_are_left_out(expression: str, suggestion: object, also: tuple[str, ...]) -> None:
    problem = problem_with(expression)
    assert (problem.suggestion, problem.also) == (suggestion, also)


@pytest.mark.parametrize("expression", ["*/7 * * * * *", "0,30 9 * * * ?", "* * 9 * * ?"])
def test_runs_within_the_minute_that_are_lost_are_said(expression: str) -> None:
    assert "so once in the minute is left" in problem_with(expression).message


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 0 9 ? * MON 2027", "its start at 2027-01-01 and its end at 2028-01-01, else it runs every year"),
        ("0 0 9 ? * MON 2027-2029", "its end at 2030-01-01"),
        ("0 0 9 ? * MON 2027,2029", "runs every year and not only in 2027,2029"),
        ("0 0 9 ? * MON 2027/2", "runs every year and not only in 2027/2"),
        ("cron(0 9 ? * MON 2027)", "its start at 2027-01-01"),
        ("10 0 9 ? * MON 2027", "seconds are dropped, here the 10"),
    ],
)
def test_years_that_are_lost_are_said(expression: str, said: str) -> None:
    problem = problem_with(expression)
    assert said in problem.message
    assert problem.position == expression.rindex("2027")


@pytest.mark.parametrize("expression", ["10 30 9 * * *", "5 0 * * * *", "30 0 9 ? * MON"])
def test_a_second_that_is_left_out_is_said(expression: str) -> None:
    assert "dropped" in problem_with(expression).message
    assert expression.split(maxsplit=1)[0] in problem_with(expression).message


def test_an_interval_counted_from_a_second_is_said_with_it() -> None:
    problem = problem_with("15,45 * * * * *")
    assert "every 30 seconds, counted from 1970-01-01T00:00:15Z" in problem.message
    assert isinstance(problem.suggestion, dict)
    assert build(problem.suggestion, "UTC").next_after(SUNDAY) == SUNDAY + timedelta(seconds=15)


@pytest.mark.parametrize("form", ["0 0 9 ? * {} *", "0 0 9 ? * {}", "cron(0 9 ? * {} *)"])
def test_weekdays_offered_instead_are_those_that_were_meant(form: str) -> None:
    choice = random.Random(form)
    for _ in range(60):
        items = [_item(choice) for _ in range(choice.choice([1, 1, 2]))]
        suggestion = problem_with(form.format(",".join(text for text, _ in items))).suggestion
        assert isinstance(suggestion, str)
        rule = parse(suggestion, "UTC")
        found = {day for day in range(7) if _has(rule.next_after(SUNDAY + timedelta(days=day)), day)}
        assert found == set().union(*(days for _, days in items)), (items, suggestion)


def _has(found: datetime | None, day: int) -> bool:
    return found == SUNDAY + timedelta(days=day, hours=9)


def _item(choice: random.Random) -> tuple[str, set[int]]:
    """Give an item as Quartz and AWS read it: Sunday is 1, a step ends with Saturday, a range may go round."""
    first, last, step = choice.randrange(7), choice.randrange(7), choice.randint(1, 7)
    names = choice.choice([DAY_NAMES, tuple("1234567")])
    shape = choice.choice(["one", "range", "step", "both"])
    days = [first] if shape == "one" else list(range(first, 7))
    if shape in ("range", "both"):
        days = [day % 7 for day in range(first, last + 1 if first <= last else last + 8)]
    text = names[first] + (f"-{names[last]}" if shape in ("range", "both") else "")
    if shape in ("step", "both"):
        return f"{text}/{step}", set(days[::step])
    return text, set(days)


def test_a_zone_behind_the_fields_is_no_command() -> None:
    problem = problem_with("0 9 * * 1-5 Europe/Berlin")
    assert problem.suggestion == "0 9 * * 1-5"
    assert "time zone Europe/Berlin does not belong" in problem.message


@pytest.mark.parametrize(
    ("offset", "zone"), [("UTC+5:30", "Asia/Kolkata"), ("gmt+0545", "Asia/Kathmandu"), ("+7:30", None)]
)
def test_an_offset_of_half_an_hour_is_offered_as_the_zone_that_keeps_it(offset: str, zone: str | None) -> None:
    with pytest.raises(ScheduleError) as refused:
        check_timezone(offset)
    assert refused.value.problems["timezone"][0].suggestion == zone
