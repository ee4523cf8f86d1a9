"""Rules of iCalendar, crontabs of Celery and events of systemd: what is suggested says the same, or nothing does."""

from typing import Any

import pytest

from tasks_app.recurrence import ScheduleError, build, parse
from tasks_app.recurrence.pieces import EXAMPLE


def suggested(expression: str) -> Any:
    with pytest.raises(ScheduleError) as caught:
        parse(expression, "UTC")
    return caught.value.problems["expression"][0].suggestion


def text(words: str) -> dict[str, str]:
    return {"kind": "text", "text": words}


@pytest.mark.parametrize(
    ("rule", "better"),
    [
        ("FREQ=YEARLY", "0 0 1 1 *"),
        ("FREQ=YEARLY;BYDAY=MO", "0 0 * * MON"),
        ("FREQ=YEARLY;BYMONTHDAY=15", "0 0 15 * *"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "0 0 * 11 THU#4"),
        ("FREQ=MONTHLY;BYDAY=+1MO", "0 0 * * MON#1"),
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17", "0 17 * * FRIL"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "0 0 LW * *"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3,15", "0 0 L-2,15 * *"),
        ("FREQ=WEEKLY;WKST=SU", "0 0 * * MON"),
        ("FREQ=HOURLY", {"kind": "every", "hours": 1}),
        ("FREQ=HOURLY;BYMINUTE=15,45", "15,45 * * * *"),
        ("FREQ=HOURLY;BYHOUR=9,10", "0 9,10 * * *"),
        ("FREQ=MINUTELY;BYHOUR=9", "* 9 * * *"),
        ("FREQ=WEEKLY;INTERVAL=2", {"kind": "every", "days": 14}),
        ("FREQ=DAILY;INTERVAL=2;BYHOUR=9;BYMINUTE=30", text("every 2 days at 9:30")),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;BYHOUR=9", text("every 2 weeks on Mon and Wed at 9:00")),
    ],
)
def test_a_rule_is_said_with_all_of_its_parts(rule: str, better: Any) -> None:
    assert suggested(rule) == better
    build(better if isinstance(better, dict) else {"kind": "cron", "expression": better}, "UTC")


@pytest.mark.parametrize(
    "rule",
    [
        *("FREQ=DAILY;COUNT=10", "FREQ=DAILY;UNTIL=20271224T000000Z", "FREQ=HOURLY;INTERVAL=2;BYMONTH=1"),
        *("FREQ=YEARLY;BYDAY=20MO", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "FREQ=DAILY;INTERVAL=0;BYHOUR=99"),
        *("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "FREQ=SECONDLY;BYMINUTE=1", "FREQ=WEEKLY;INTERVAL=2;BYDAY=1MO"),
    ],
)
def test_of_a_rule_that_nothing_says_no_part_is_dropped(rule: str) -> None:
    assert suggested(rule) == EXAMPLE


@pytest.mark.parametrize(
    ("call", "better"),
    [
        ("crontab(minute=0, hour=9)", "0 9 * * *"),
        ("crontab(0, 9)", "0 9 * * *"),
        ("crontab(minute='*/15')", "*/15 * * * *"),
        ('celery.schedules.crontab(hour=7, minute=30, day_of_week="mon-fri")', "30 7 * * mon-fri"),
        ("crontab(0, 9, 1)", EXAMPLE),
        ("crontab(minute=0, hour=0, day_of_month='13', day_of_week='fri')", EXAMPLE),
    ],
)
def test_a_crontab_of_celery_is_said_in_five_fields(call: str, better: str) -> None:
    assert suggested(call) == better


@pytest.mark.parametrize(
    ("event", "better"),
    [
        ("Mon..Fri 10:00", "0 10 * * MON-FRI"),
        ("Sat,Thu,Mon..Wed", "0 0 * * SAT,THU,MON-WED"),
        ("*:0/15", "0/15 * * * *"),
        ("*-*-* 00/2:00", "0 0/2 * * *"),
        ("2031-03-05 05:40", {"kind": "once", "run_at": "2031-03-05T05:40"}),
    ],
)
def test_an_event_of_systemd_needs_no_date(event: str, better: Any) -> None:
    assert suggested(event) == better


@pytest.mark.parametrize("words", ["every day at 9 am", "monday and friday at 9", "first monday of sep,oct 17:00"])
def test_five_words_are_no_five_fields(words: str) -> None:
    assert suggested(words) == text(words)
    build(text(words), "UTC")
