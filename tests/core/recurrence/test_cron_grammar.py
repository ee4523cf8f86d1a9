"""Which expressions are accepted and what they mean; which are refused, where, and what is suggested."""

from datetime import UTC, datetime

import pytest

from tasks_app.recurrence import Problem, ScheduleError, parse

START = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def refusal(expression: object) -> list[Problem]:
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC")  # type: ignore[arg-type]  # the point of some of these tests
    return refused.value.problems["expression"]


def upcoming(expression: str, count: int, start: datetime = START) -> list[datetime]:
    recurrence = parse(expression, "UTC")
    found: list[datetime] = []
    for _ in range(count):
        following = recurrence.next_after(found[-1] if found else start)
        assert following is not None
        found.append(following)
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * sun", "0 0 * * SUN"),
        ("0 0 * * Mon-fri", "0 0 * * 1-5"),
        ("0 0 * * FRI-SUN", "0 0 * * 0,5,6"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * SUN-TUE", "0 0 * * 0-2"),
        ("0 0 * * 1/2", "0 0 * * 0,1,3,5"),
        ("0 0 * jan,JUL *", "0 0 * 1,7 *"),
        ("0 0 1 OCT-DEC/2 *", "0 0 1 10,12 *"),
        ("0 0 ? * 1", "0 0 * * 1"),
        ("0 0 1 * ?", "0 0 1 * *"),
        ("50/5 * * * *", "50,55 */1 * * *"),
        ("10-30/10 4 * * *", "10,20,30 4 * * *"),
        ("7-7 * * * *", "7 * * * *"),
        ("007 04 * * *", "7 4 * * *"),
        ("5,5,4 1 * * *", "4,5 1 * * *"),
        ("  0\t9  * * * \n", "0 9 * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@HOURLY", "0 * * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@Midnight", "0 0 * * *"),
        ("0 0 * * sUn", "0 0 * * 0"),
        ("0 0 * * 0-7", "0 0 * * *"),
        ("0 0 * * 7-7", "0 0 * * 0"),
        ("0 0 * * 6-7", "0 0 * * 0,6"),
        ("0 0 * * SUN-SUN", "0 0 * * 0"),
        ("0 0 * * 6-SUN", "0 0 * * 0,6"),
        ("0 0 * * */7", "0 0 * * 0"),
        ("0 0 * * 1-5/2", "0 0 * * 1,3,5"),
        ("0-59/5 * * * *", "*/5 * * * *"),
        ("0/5 * * * *", "*/5 * * * *"),
        ("20-20/5 4 * * *", "20 4 * * *"),
        ("0 20/2 * * *", "0 20,22 */1 * *"),
        ("0 0 1 1/3 *", "0 0 1 1,4,7,10 *"),
        ("0 0 1 1-12/3 *", "0 0 1 1,4,7,10 *"),
        ("0 0 L-0 * *", "0 0 L * *"),
        ("0 0 l * *", "0 0 L * *"),
        ("0 0 15w,lw * *", "0 0 15W,LW * *"),
        ("0 0 * * fril,Mon#1", "0 0 * * 5L,1#1"),
        ("0 0 * * 7#2", "0 0 * * 0#2"),
        ("0 0 ? * ?", "0 0 * * *"),
        # A field that only holds every value is restricted all the same: either of both is every day.
        ("0 0 1-31 * 1", "0 0 * * *"),
        ("0 0 13 * 0-6", "0 0 * * *"),
        ("0 0 14,* * TUE", "0 0 * * *"),
        # One that begins with a star is not.
        ("0 0 */1 * 1", "0 0 * * 1"),
        ("0 0 *,14 * TUE", "0 0 * * 2"),
        ("0 0 13 * *,5", "0 0 13 * *"),
    ],
)
def test_two_ways_to_write_the_same_give_the_same_instants(one: str, other: str) -> None:
    assert upcoming(one, 30) == upcoming(other, 30)


def test_two_restricted_day_fields_match_either() -> None:
    days = [instant.day for instant in upcoming("0 0 13 * 5", 6)]
    assert days == [2, 9, 13, 16, 23, 30]


def test_a_day_field_that_begins_with_a_star_does_not_widen() -> None:
    # Mondays with an odd number, and not every odd day.
    assert [instant.day for instant in upcoming("0 0 */2 1 MON", 3)] == [5, 19, 11]
    assert [instant.day for instant in upcoming("0 0 13 * */5", 2)] == [13, 13]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 29 2 */7", datetime(2032, 2, 29, tzinfo=UTC)),
        ("0 0 31 * *", datetime(2026, 1, 31, tzinfo=UTC)),
        ("0 0 30 2,4 *", datetime(2026, 4, 30, tzinfo=UTC)),
        ("0 0 31 2 MON", datetime(2026, 2, 2, tzinfo=UTC)),
        ("0 0 L-30 * *", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_rare_dates_are_found(expression: str, expected: datetime) -> None:
    assert upcoming(expression, 1, datetime(2026, 1, 2, tzinfo=UTC)) == [expected]


def test_the_29th_of_february_on_a_weekday_is_found_across_a_century_without_a_leap_day() -> None:
    start = datetime(2072, 3, 1, tzinfo=UTC)
    assert upcoming("0 0 */28 2 MON#5", 1, start) == [datetime(2112, 2, 29, tzinfo=UTC)]
    assert parse("0 0 */28 2 MON#5", "UTC").previous_before(datetime(2112, 2, 1, tzinfo=UTC)) == datetime(
        2072, 2, 29, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("", "cron_empty", "empty"),
        ("   ", "cron_empty", "empty"),
        (None, "cron_empty", "text"),
        (5, "cron_empty", "text"),
        ("* * * *", "cron_field_count", "five fields"),
        ("60 * * * *", "cron_minute", "minute is 0-59, not 60"),
        ("-1 * * * *", "cron_minute", "missing"),
        ("* 24 * * *", "cron_hour", "hour is 0-23, not 24"),
        ("* * 0 * *", "cron_day", "day of month is 1-31, not 0"),
        ("* * 32 * *", "cron_day", "day of month is 1-31, not 32"),
        ("* * * 0 *", "cron_month", "month is 1-12 or JAN-DEC, not 0"),
        ("* * * 13 *", "cron_month", "not 13"),
        ("* * * * 8", "cron_weekday", "0 and 7 are Sunday"),
        ("*/0 * * * *", "cron_minute", "at least 1"),
        ("*/60 * * * *", "cron_minute", "above the range"),
        ("*/5/2 * * * *", "cron_minute", "step"),
        ("5/ * * * *", "cron_minute", "step"),
        ("/5 * * * *", "cron_minute", "missing"),
        ("1,,2 * * * *", "cron_minute", "spare comma"),
        ("1, * * * *", "cron_minute", "spare comma"),
        ("10-20-30 * * * *", "cron_minute", "20-30"),
        ("+5 * * * *", "cron_minute", "+5"),
        ("*5 * * * *", "cron_minute", "*5"),
        ("1.5 * * * *", "cron_minute", "1.5"),
        ("? * * * *", "cron_minute", "write *"),
        ("H * * * *", "cron_minute", "spread_seconds"),
        ("L * * * *", "cron_minute", '"L"'),
        ("JAN * * * *", "cron_minute", '"JAN"'),
        ("* * * MON *", "cron_month", '"MON"'),
        ("* * * JANUARY *", "cron_month", "write JAN"),
        ("* * * * MONDAY", "cron_weekday", "write MON"),
        ("* * * * L", "cron_weekday", "5L"),
        ("* * * * FRI#6", "cron_weekday", "1-5"),
        ("* * * * FRI#0", "cron_weekday", "1-5"),
        ("* * * * #2", "cron_weekday", "missing"),
        ("* * * * MON-FRI#2", "cron_weekday", "MON-FRI"),
        ("* * L-31 * *", "cron_day", "L-30"),
        ("* * L/2 * *", "cron_day", '"L"'),
        ("* * W * *", "cron_day", '"W"'),
        ("* * 32W * *", "cron_day", "1-31"),
        ("* * 10-15W * *", "cron_day", "15W"),
        ("* * ?/2 * *", "cron_day", "?"),
        ("٣ * * * *", "cron_character", "ASCII"),
        ("１ * * * *", "cron_character", "ASCII"),
        ("0 9 * * *\n0 10 * * *", "cron_character", "one line"),
        ("0 9 * * *\x00", "cron_character", "one line"),
        (f"{','.join(['1'] * 61)} * * * *", "cron_too_long", "120"),
        ("0," * 60 + "0 * * * *", "cron_too_long", "120"),
        ("@fortnightly", "cron_macro", "@hourly"),
        ("@reboot", "cron_macro", "no time"),
        ("0 0 31 2 *", "cron_never", "never"),
        ("0 0 30 2 *", "cron_never", "never"),
        ("0 0 31 4,6,9,11 *", "cron_never", "never"),
        ("0 0 31W 2 *", "cron_never", "never"),
        ("0 0 L-29 2 *", "cron_never", "never"),
        ("0 0 31 2 */2", "cron_never", "never"),
        ("0 0 */31 2 MON#5", "cron_never", "never"),
        ("*/61 * * * *", "cron_minute", "above the range"),
        ("0-59/60 * * * *", "cron_minute", "above the range"),
        ("0 */25 * * *", "cron_hour", "above the range"),
        ("0 0 */100 * *", "cron_day", "above the range"),
        ("0 0 * */13 *", "cron_month", "above the range"),
        ("0 0 * * */8", "cron_weekday", "above the range"),
        ("5/0 * * * *", "cron_minute", "at least 1"),
        ("*/-5 * * * *", "cron_minute", "step"),
        ("*/*/2 * * * *", "cron_minute", "step"),
        ("**/5 * * * *", "cron_minute", "**"),
        ("5* * * * *", "cron_minute", "5*"),
        ("1- * * * *", "cron_minute", "missing"),
        (",1 * * * *", "cron_minute", "spare comma"),
        ("a-b * * * *", "cron_minute", "minute is 0-59"),
        ("0x10 * * * *", "cron_minute", "0X10"),
        ("00009 * * * *", "cron_minute", "00009"),
        ("0~59 * * * *", "cron_minute", "spread_seconds"),
        ("H(0-29)/10 * * * *", "cron_minute", "spread_seconds"),
        ("0 0 LW-3 * *", "cron_day", "LW"),
        ("0 0 L-3W * *", "cron_day", "L"),
        ("0 0 W15 * *", "cron_day", "W15"),
        ("0 0 0W * *", "cron_day", "1-31"),
        ("0 0 * * 8L", "cron_weekday", "0 and 7 are Sunday"),
        ("0 0 * * 5#2-4", "cron_weekday", "1-5"),
        ("0 0 30W,31W 2 ?", "cron_never", "never"),
        ("* * * * * * *", "cron_field_count", "five fields"),
        ("0 9", "cron_field_count", "five fields"),
        ("Mon..Fri *-*-* 09:00", "cron_dialect", "systemd"),
        ("@every", "cron_dialect", "@every"),
        ("rate(1.5 hours)", "cron_dialect", "AWS"),
    ],
)
def test_a_faulty_expression_is_refused_with_its_reason(expression: object, code: str, message: str) -> None:
    problem = refusal(expression)[0]
    assert problem.code == code
    assert message in problem.message


@pytest.mark.parametrize(
    ("expression", "suggestion"),
    [
        ("0 22-5 * * *", "22-23,0-5"),
        ("0 9 * * FRI-MON", "5-6,0-1"),
        ("0 9 * * SAT-MON", "6,0-1"),
        ("0 9 1 NOV-FEB *", "11-12,1-2"),
        ("0 0 12 * * ?", "0 12 * * *"),
        ("0 0 9 ? * 2-6", "0 9 * * MON-FRI"),
        ("0 0 9 ? * 6L *", "0 9 * * FRIL"),
        ("0 15 10 * * *", "15 10 * * *"),
        ("0 0 9 ? * mon-fri", "0 9 * * MON-FRI"),
        ("0 9 * * * run.sh", "0 9 * * *"),
        ("*/5 * * * * *", {"kind": "every", "seconds": 5}),
        ("0 30 10 * * ? 2027", "30 10 * * *"),
        ("30 30 10 * * *", "30 10 * * *"),
        ("@every 5m", {"kind": "every", "minutes": 5}),
        ("@every 1h30m", {"kind": "every", "minutes": 90}),
        ("@every soon", {"kind": "every", "minutes": 5}),
        ("cron(0 12 ? * 2#1 *)", "0 12 * * MON#1"),
        ("cron(0 12 * * ? 2027)", "0 12 * * *"),
        ("rate(1 hour)", {"kind": "every", "hours": 1}),
        ("rate(5 minutes)", {"kind": "every", "minutes": 5}),
        ("CRON_TZ=Europe/Berlin 0 9 * * *", "0 9 * * *"),
        ("0 9 * * * /usr/bin/backup --all", "0 9 * * *"),
        ("0 99 * * * /usr/bin/backup", "0 23 * * *"),
        ("17 * * * * root cd / && run-parts", "17 * * * *"),
        ("@daily /usr/bin/backup", "@daily"),
        ("daily", "@daily"),
        ("Hourly", "@hourly"),
        ("@quarterly", "0 0 1 1,4,7,10 *"),
        ("@semiannually", "0 0 1 1,7 *"),
        ("@minutely", "* * * * *"),
        ("@every_second", {"kind": "every", "seconds": 1}),
        ("0 9 * * * # backup", "0 9 * * *"),
        ('"0 9 * * *"', "0 9 * * *"),
        ("'0 9 * * *'", "0 9 * * *"),
        ("0 9 * * 1\u20135", "0 9 * * 1-5"),
        ("0\u00a09 * * *", "0 9 * * *"),
        ("\uff0a * * * *", "* * * * *"),
        ("0 9 * * 7-1", "0-1"),
        ("0 9 * * 7-2", "0-2"),
        ("0 9 * * 6-1", "6,0-1"),
        ("0 9 * * sat-fri", "6,0-5"),
        ("0 9 * * monday-friday", "MON-FRI"),
        ("0 9 * * tues,thurs", "TUE"),
        ("0 9 * sept-december/2 *", "SEP-DEC/2"),
        ("0 9 * * 5#L", "5L"),
        ("0 9 * * fri#-1", "FRIL"),
        ("0 9 * * 5#6", "5L"),
        ("0 9 * * 5#0", "5#1"),
        ("*/0 * * * *", "*"),
        ("0 9-17/0 * * *", "9-17"),
        ("0 0/5 14 * * ?", "0/5 14 * * *"),
        ("0 0 12 1/5 * ?", "0 12 1/5 * *"),
        ("0 15 10 L-2 * ?", "15 10 L-2 * *"),
        ("0 15 10 ? * 6L", "15 10 * * FRIL"),
        ("0 0 12 ? * 2/2", "0 12 * * MON,WED,FRI"),
        ("0 0 12 ? * 2/3", "0 12 * * MON,THU"),
        ("0 15 10 ? * 6#3", "15 10 * * FRI#3"),
        ("0 15 10 ? * 6L 2002-2005", "15 10 * * FRIL"),
        ("0 0 8-10 * * *", "0 8-10 * * *"),
        ("0 0 0 1W * *", "0 0 1W * *"),
        ("0 9 ? * 2-6 *", "0 9 * * MON-FRI"),
        ("0 9 ? * MON *", "0 9 * * MON"),
        ("0 0 0 1 1 ? 2027", {"kind": "once", "run_at": "2027-01-01T00:00"}),
        ("0 9 3 3 * 2027", {"kind": "once", "run_at": "2027-03-03T09:00"}),
        ("0 0 9 ? * MON 2027,2029", "0 9 * * MON"),
        ("0 0 9 31 2 ? 2027", "0 9 L 2 *"),
        ("0 0 0 ? * L", "0 0 * * SAT"),
        ("cron(0 10 * * ?)", "0 10 * * *"),
        ("rate(1 week)", {"kind": "every", "days": 7}),
        ("rate(5 minute)", {"kind": "every", "minutes": 5}),
        ("@every 1.5h", {"kind": "every", "minutes": 90}),
        ("@every 5 minutes", {"kind": "every", "minutes": 5}),
        ("@every 1w", {"kind": "every", "days": 7}),
        ("@every 0.3s", {"kind": "every", "seconds": 1}),
        ("@fortnightly", {"kind": "text", "text": "every 2 weeks on Monday at 0:00"}),
        ("0 9 * * mon, fri", "0 9 * * mon,fri"),
        ("0 9 * * mon - fri", "0 9 * * mon-fri"),
        ("0 9 , 17 * * *", "0 9,17 * * *"),
        ("0 0 32 * *", "L"),
        ("0 0 0 * *", "1"),
        ("0 0 * 13 *", "1"),
        ("0 0 * * 8", "1"),
        ("0 9-24 * * *", "9-23"),
        ("cron(0/15 * * * ? *)", "0/15 * * * *"),
        ("cron(0 18 ? * MON-FRI *)", "0 18 * * MON-FRI"),
        ("at(2027-03-03T12:00:00)", {"kind": "once", "run_at": "2027-03-03T12:00:00"}),
        ("rate(1 day)", {"kind": "every", "days": 1}),
        ("rate(0 minutes)", {"kind": "every", "minutes": 1}),
        ("@every 90s", {"kind": "every", "seconds": 90}),
        ("@EVERY 1d", {"kind": "every", "days": 1}),
        ("@every 0s", {"kind": "every", "seconds": 1}),
        ("TZ=UTC 0 9 * * *", "0 9 * * *"),
        ("CRON_TZ=Europe/Berlin", "0 9 * * 1-5"),
        ("every weekday at 9", {"kind": "text", "text": "every weekday at 9"}),
        ("every  5 minutes ", {"kind": "text", "text": "every 5 minutes"}),
        ("every monday", "0 9 * * 1-5"),
    ],
)
def test_a_known_mistake_or_dialect_is_refused_with_the_right_form(expression: str, suggestion: object) -> None:
    problem = refusal(expression)[0]
    assert problem.suggestion == suggestion


def test_every_fault_is_named_with_its_place() -> None:
    problems = refusal(" 1,61 24 * FOO *")
    assert [(problem.code, problem.position) for problem in problems] == [
        ("cron_minute", 3),
        ("cron_hour", 6),
        ("cron_month", 11),
    ]


def test_a_refused_value_is_shown_short_and_clean() -> None:
    message = refusal("x" * 100 + " * * * *")[0].message
    assert len(message) < 100


@pytest.mark.parametrize("item", ["1,L", "L,1,15W", "LW,15", "L-1,L", "1W,31W"])
def test_special_days_may_stand_in_lists(item: str) -> None:
    assert upcoming(f"0 0 {item} * *", 12)


def test_the_canonical_text_is_tidy() -> None:
    assert parse(" 0  9 ? jan  mon-Fri ", "UTC").schedule["expression"] == "0 9 ? JAN MON-FRI"
    assert parse(" 0  9 ? jan  mon-Fri ", "UTC").cron == "0 9 * JAN MON-FRI"
    assert parse("@Daily", "UTC").schedule["expression"] == "@daily"
    assert parse("@Daily", "UTC").cron == "0 0 * * *"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 0 31 2 *", "February never has a day 31"),
        ("0 0 31 FEB,APR *", "February and April never have a day 31"),
    ],
)
def test_what_can_never_happen_names_its_months(expression: str, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        parse(expression, "UTC")
