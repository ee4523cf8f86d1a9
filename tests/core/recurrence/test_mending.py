"""A suggestion as a whole expression, ready to be used."""

import pytest

from tasks_app.recurrence import ScheduleError, parse
from tasks_app.recurrence.cron import is_valid
from tasks_app.recurrence.mending import mended


def mend(expression: str) -> list[object]:
    """Mend each problem that has a place and a suggestion."""
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC")
    problems = [problem for found in refused.value.problems.values() for problem in found]
    return [mended(expression, problem) for problem in problems if isinstance(problem.suggestion, str)]


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        ("60 * * * *", "0 * * * *"),
        ("30 24 * * *", "30 0 * * *"),
        ("*/60 * * * *", "0 * * * *"),
        ("0 22-5 * * *", "0 22-23,0-5 * * *"),
        ("0 8,22-5 * * mon", "0 8,22-23,0-5 * * mon"),
        ("0 9 * * FRI-MON", "0 9 * * 5-6,0-1"),
        ("0 9 * * MONDAY", "0 9 * * MON"),
        ("0 9 * * monday-friday", "0 9 * * MON-FRI"),
        ("0 9 * * sun,monday", "0 9 * * sun,MON"),
        ("0 9 1 JANUARY *", "0 9 1 JAN *"),
        ("  0 9 * * L", "  0 9 * * 6"),
        ("? 9 * * *", "* 9 * * *"),
        ("1,,2 * * * *", "1,2 * * * *"),
        (",1 * * * *", "1 * * * *"),
        ("1, * * * *", "1 * * * *"),
        ("1,,,2 * * * *", "1,2 * * * *"),
        ("0 0 32 * *", "0 0 L * *"),
        ("0 0 * 13 *", "0 0 * 1 *"),
        ("0 0 1-32 * *", "0 0 1-31 * *"),
        ("*/0 * * * *", "* * * * *"),
        ("5/0 9-17/0 * * *", "5 9-17 * * *"),
        ("0 9 * * MON/0", "0 9 * * MON"),
        ("0 9 * * 5#6", "0 9 * * 5L"),
        ("0 9 * * fri#6", "0 9 * * FRIL"),
        ("0 9 * * MON,fri#0", "0 9 * * MON,FRI#1"),
    ],
)
def test_the_piece_is_put_in_its_place(expression: str, whole: str) -> None:
    assert set(mend(expression)) == {whole}
    assert is_valid(whole)


def test_several_faults_are_mended_together_where_that_makes_it_whole() -> None:
    assert mend("60 24 * * MONDAY") == ["0 0 * * MON"] * 3


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        ("60 9 99 * MONDAY", "0 9 31 * MON"),
        ("0 22-5/2 * * *", "0 22,0,2,4 * * *"),
        ("0 9 * * FRI-MON/2", "0 9 * * 5,0"),
        ("0 9 * * MONDAYS-FRIENDS-SUNDAY", "0 9 * * MON-FRI"),
        ("0,60 * * * *", "0 * * * *"),
        ("5,60,70 * * * *", "5,0,59 * * * *"),
        ("+5 * * * *", "5 * * * *"),
        ("-1 * * * *", "1 * * * *"),
        ("1- * * * *", "1 * * * *"),
        ("/5 * * * *", "*/5 * * * *"),
        ("*5 * * * *", "*/5 * * * *"),
        ("*/-5 * * * *", "*/5 * * * *"),
        ("*/5m * * * *", "*/5 * * * *"),
        ("*/a * * * *", "*/5 * * * *"),
        ("1-* * * * *", "1-59 * * * *"),
        ("1..5;9 * * * *", "1-5,9 * * * *"),
        ("H H(9-16)/2 * * 1-5", "0 9-16/2 * * 1-5"),
        ("H/15 0~6 * * *", "*/15 0 * * *"),
        ("0 5pm * * *", "0 17 * * *"),
        ("0 0 L-3W * *", "0 0 L-3 * *"),
        ("0 0 32W WL *", "0 0 LW 6 *"),
        ("0 0 * * M-F", "0 0 * * MON-FRI"),
        ("0 0 * Sept FRYDAY", "0 0 * SEP FRI"),
        ("* * * foo *", "* * * 6 *"),
        ("LW * * * *", "59 * * * *"),
        ("0 9 1 1 2027", "0 9 1 1 *"),
    ],
)
def test_what_is_nothing_is_mended_to_what_is_likely_meant(expression: str, whole: str) -> None:
    assert set(mend(expression)) == {whole}
    assert is_valid(whole)


@pytest.mark.parametrize(
    ("expression", "first", "also"),
    [
        ("0 9 * * 1-5 *", "0 9 * * 1-5", ("9 * * 1-5 *",)),
        ("0 9 * * * *", "0 9 * * *", ("9 * * * *",)),
        ("0 0 12 * * *", "0 12 * * *", ("0 0 12 * *",)),
        ("0 */5 * * * *", "*/5 * * * *", ("0 */5 * * *",)),
        ("0 0 9 * * 1-5", "0 9 * * 1-5", ()),
        ("0 0 12 * * ?", "0 12 * * *", ()),
        ("30 9 * * 1-5 *", "30 9 * * 1-5", ()),
        ("0 12 ? * MON *", "0 12 * * MON", ()),
        ("0 12 * * ? *", "0 12 * * *", ()),
        ("* * * * * *", {"kind": "every", "seconds": 1}, ("* * * * *",)),
    ],
)
def test_six_fields_are_offered_in_each_way_they_can_be_meant(
    expression: str, first: str | dict[str, object], also: tuple[str, ...]
) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC")
    (problem,) = refused.value.problems["expression"]
    assert (problem.suggestion, problem.also) == (first, also)
    assert all(f'"{one}"' in problem.message for one in also)


@pytest.mark.parametrize(
    ("expression", "suggestion"),
    [
        ("*/90 * * * *", {"kind": "every", "minutes": 90}),
        ("0 */36 * * *", {"kind": "every", "hours": 36}),
        ("*/60 * * * *", "0"),
        ("*/90 9-17 * * *", "0"),
    ],
)
def test_a_step_that_is_too_long_is_an_interval_or_once_in_a_round(expression: str, suggestion: object) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC")
    (problem,) = refused.value.problems["expression"]
    assert problem.suggestion == suggestion


@pytest.mark.parametrize("expression", ["H 9 * * *", "0 0~5 * * *"])
def test_a_stable_shift_is_called_by_its_name(expression: str) -> None:
    with pytest.raises(ScheduleError, match=r"Spread \(spread_seconds\)"):
        parse(expression, "UTC")
