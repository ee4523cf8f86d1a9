"""The sentences that people read."""

from typing import Any

import pytest

from tasks_app.recurrence import build, parse


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("0 9 * * 1-5", "Every weekday at 09:00, Berlin time"),
        ("@daily", "Every day at 00:00, Berlin time"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("* * * * *", "Every minute"),
        ("0 * * * *", "Every hour"),
        ("5 * * * *", "Every hour at minute 5"),
        ("5,35,40 * * * *", "Every hour at minutes 5, 35 and 40"),
        ("5/15 * * * *", "Every 15 minutes from minute 5 of each hour"),
        ("*/7 * * * *", "Every hour at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56"),
        ("0 6 1 * *", "On day 1 of every month at 06:00, Berlin time"),
        ("0 6 1,15 * *", "On days 1 and 15 of every month at 06:00, Berlin time"),
        ("0 6 1-7 * *", "On days 1 to 7 of every month at 06:00, Berlin time"),
        ("0 0 L * *", "On the last day of every month at 00:00, Berlin time"),
        ("0 0 L-1,L * *", "On the second-last day and the last day of every month at 00:00, Berlin time"),
        ("0 0 L-20 * *", "On the 21st-last day of every month at 00:00, Berlin time"),
        ("0 0 L-11 * *", "On the 12th-last day of every month at 00:00, Berlin time"),
        ("0 0 LW * *", "On the last working day of every month at 00:00, Berlin time"),
        ("0 0 1W * *", "On the first working day of every month at 00:00, Berlin time"),
        ("0 0 15W * *", "On the working day nearest day 15 of every month at 00:00, Berlin time"),
        ("30 17 * * 5L", "On the last Friday of every month at 17:30, Berlin time"),
        ("0 9 * * FRI#2", "On the second Friday of every month at 09:00, Berlin time"),
        ("0 9 * * 1", "Every Monday at 09:00, Berlin time"),
        ("0 9,17 * * 0,6", "Every Saturday and Sunday at 09:00 and 17:00, Berlin time"),
        ("0 9 * * MON-THU", "Every day from Monday to Thursday at 09:00, Berlin time"),
        ("0 9 * 3 MON", "Every Monday in March at 09:00, Berlin time"),
        ("0 9 * 6-8 *", "Every day in June to August at 09:00, Berlin time"),
        ("0 12 3 3 *", "Every year on 3 March at 12:00, Berlin time"),
        ("0 12 L 2 *", "Every year on the last day of February at 12:00, Berlin time"),
        ("0 12 1 1,7 *", "On day 1 of January and July at 12:00, Berlin time"),
        ("0 0 13 * 5", "On day 13 of every month and every Friday at 00:00, Berlin time"),
        ("0 0 1-7 * */7", "On days 1 to 7 of every month when it is Sunday at 00:00, Berlin time"),
        ("0 */6 * * *", "Every 6 hours from 00:00, Berlin time"),
        ("5 */6 * * *", "Every 6 hours from 00:05, Berlin time"),
        ("0 9-17 * * 1-5", "Every hour from 09:00 to 17:00 on weekdays, Berlin time"),
        ("*/15 8-17 * * MON,FRI", "Every 15 minutes from 08:00 to 17:45 on Mondays and Fridays, Berlin time"),
        ("*/20 8-17 * * TUE-THU", "Every 20 minutes from 08:00 to 17:40 from Tuesday to Thursday, Berlin time"),
        ("*/15 * 1 * *", "Every 15 minutes, on day 1 of every month, Berlin time"),
        ("* * * * SAT", "Every minute on Saturdays, Berlin time"),
        ("0 0 1-31 * 1", "Every day at 00:00, Berlin time"),
        ("0 0 13 * 0-6", "Every day at 00:00, Berlin time"),
        ("0 0 */1 * 1", "Every Monday at 00:00, Berlin time"),
        ("0 0 30 2 1", "Every Monday in February at 00:00, Berlin time"),
        ("0 0 28-31 2 *", "Every year on days 28 and 29 of February at 00:00, Berlin time"),
        ("0 0 1-29 2 *", "Every day in February at 00:00, Berlin time"),
        ("0 9 * 3 MON#1", "On the first Monday of every March at 09:00, Berlin time"),
        ("0 9 * 1-3,6-9,12 *", "Every day in January to March, June to September and December at 09:00, Berlin time"),
        ("0 22,23,0-6 * * *", "Every hour from 22:00 to 06:00, Berlin time"),
        ("*/15 22-23,0-5 * * *", "Every 15 minutes from 22:00 to 05:45, Berlin time"),
        ("0 22,23,0-6 * * 1-5", "At minute 0 of the hours 0 to 6, 22 and 23 on weekdays, Berlin time"),
        ("0 8-20/2 * * *", "Every 2 hours from 08:00 to 20:00, Berlin time"),
        ("5/15 8,20 * * *", "At minutes 5, 20, 35 and 50 of the hours 8 and 20, Berlin time"),
        ("*/7 8 * * *", "Every 7 minutes from 08:00 to 08:56, Berlin time"),
        ("9-49 8,20 * * *", "At minutes 9 to 49 of the hours 8 and 20, Berlin time"),
        ("*/10 8-11,14-17 * * *", "Every 10 minutes in the hours 8 to 11 and 14 to 17, Berlin time"),
        ("*/5 8,20 * * *", "Every 5 minutes in the hours 8 and 20, Berlin time"),
        ("1,2,4,8 8,10,20 * * *", "At minutes 1, 2, 4 and 8 of the hours 8, 10 and 20, Berlin time"),
    ],
)
def test_a_cron_expression_reads_as_a_sentence(expression: str, sentence: str) -> None:
    assert parse(expression, "Europe/Berlin").describe() == sentence


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ({"kind": "once", "run_at": "2027-03-03T11:00:00Z"}, "Once, on 3 March 2027 at 12:00, Berlin time"),
        ({"kind": "every", "seconds": 90}, "Every 90 seconds"),
        ({"kind": "every", "minutes": 1}, "Every minute"),
        (
            {"kind": "every", "hours": 5, "anchor": "2026-01-01T00:00:00Z"},
            "Every 5 hours, counted from 1 January 2026 at 01:00, Berlin time",
        ),
        ({"kind": "every", "days": 1}, "Every day at 00:00, Berlin time"),
        (
            {"kind": "every", "days": 14, "anchor": "2026-03-03T09:00:00Z"},
            "Every 2 weeks on Tuesday at 10:00, counted from 3 March 2026, Berlin time",
        ),
        ({"kind": "every", "days": 7, "anchor": "2026-03-03T09:00:00Z"}, "Every Tuesday at 10:00, Berlin time"),
        (
            {"kind": "every", "days": 3, "anchor": "2026-03-03T09:00:05Z"},
            "Every 3 days at 10:00:05, counted from 3 March 2026, Berlin time",
        ),
        ({"kind": "text", "text": "EVERY weekday, at 9"}, "Every weekday at 09:00, Berlin time"),
        (
            {"kind": "text", "text": "every 2 weeks on Monday and Thursday at 8 and 18"},
            "Every 2 weeks on Monday and Thursday at 08:00 and 18:00, counted from 5 January 1970, Berlin time",
        ),
        (
            {"kind": "any", "of": [{"kind": "daily", "time": "17:30"}, {"kind": "daily", "time": "09:00"}]},
            "Every day at 09:00 and 17:30, Berlin time",
        ),
        (
            {
                "kind": "any",
                "of": [
                    {"kind": "cron", "expression": "30-59/15 8 * * 1-5"},
                    {"kind": "cron", "expression": "*/15 9-17 * * 1-5"},
                    {"kind": "daily", "time": "20:00"},
                ],
            },
            "Every 15 minutes from 08:30 to 17:45 on weekdays; also every day at 20:00, Berlin time",
        ),
        (
            {"kind": "any", "of": [{"kind": "text", "text": "every day at 9; every Sunday at 10"}]},
            "Every day at 09:00; also every Sunday at 10:00, Berlin time",
        ),
        ({"kind": "monthly", "workday": 5, "time": "07:00"}, "On working day 5 of every month at 07:00, Berlin time"),
        (
            {"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "hourly", "minute": 0}]},
            "Every day at 09:00; also every hour, Berlin time",
        ),
    ],
)
def test_a_schedule_reads_as_a_sentence(schedule: dict[str, Any], sentence: str) -> None:
    assert build(schedule, "Europe/Berlin").describe() == sentence


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "UTC"),
        ("America/New_York", "New York time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("Etc/GMT-3", "UTC+3"),
        ("EST5EDT", "EST5EDT time"),
    ],
)
def test_the_zone_is_named_as_people_do(zone: str, words: str) -> None:
    assert parse("0 9 * * *", zone).describe() == f"Every day at 09:00, {words}"


def test_two_spans_of_months_are_said_each_from_and_to() -> None:
    said = "Every weekday from January to July and from September to December at 09:00, UTC"
    assert parse("0 9 * 1-7,9-12 1-5", "UTC").describe() == said
    text = said.removesuffix(", UTC")
    assert build({"kind": "text", "text": text}, "UTC").meaning["expression"] == "0 9 * 1-7,9-12 1-5"
