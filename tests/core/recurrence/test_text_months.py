"""Days counted in a month or a year, in plain words."""

import pytest

from tasks_app.recurrence import ScheduleError, build
from tests.core.recurrence.texts import meaning, rows

TABLE = {
    "monthly 1 06:00": (
        "monthly on the 1st at 6",
        "once a month on the 1st at 6",
    ),
    "monthly 15 12:00": (
        "on the 15th of each month at 12:00",
        "monthly on day 15 at 12",
        "every 15th of the month at noon",
    ),
    "0 8 10,20 * *": ("on day 10 and 20 of every month at 8",),
    "monthly last 23:30": ("on the last day of the month at 23:30",),
    "monthly -3 18:00": ("two days before the end of the month at 18",),
    "monthly 1 mon 09:00": (
        "first Monday of the month at 9",
        "every month on the first Monday at 9",
        "monthly on the first Monday at 9",
        "first Monday at 9",
        "the first Monday of each month at 9",
        "first monday of month 09:00",
        "1st Mon of month 9:00",
    ),
    "monthly last fri 17:30": ("last Friday of the month at 17:30",),
    "0 10 * * 2#2,2#4": (
        "second and fourth Tuesday of each month at 10",
        "2nd & 4th Tue of the month at 10",
    ),
    "monthly workday first 06:00": ("first working day of each month at 6",),
    "monthly workday last 18:00": (
        "last weekday of the month at 18:00",
        "monthly on the last working day at 18",
        "last working day of the month at 18",
        "last business day of every month at 18",
    ),
    "monthly workday 3 07:00": ("third working day of the month at 7",),
    "0 8 15W * *": ("the working day nearest the 15th at 8",),
    "0 5 1 1,3,5,7,9,11 *": (
        "every 2 months on the 1st at 5",
        "every other month on the 1st at 5",
        "on the 1st of every second month at 5",
        "on the 1st of every other month at 5",
    ),
    "0 4 1 1,4,7,10 *": (
        "every quarter on the first day at 4",
        "quarterly on the 1st at 4",
    ),
    "yearly 15.1. 10:00": ("every January 15 at 10",),
    "yearly 24.12. 09:00": (
        "on 24 December every year at 9",
        "yearly on 24 December at 9",
        "annually on Dec 24 at 9",
        "annually on the 24th of December at 9",
        "once a year on 24 December at 9",
        "on December 24th every year at 9",
        "on 24 Dec. each year at 9",
    ),
    "yearly 1.3. 08:00": (
        "yearly on March 1 at 8",
        "every year on March 1 at 8",
        "every year on 1 March at 8",
        "every year on the 1st of March at 8",
        "every March 1 at 8",
        "every March 1st at 8",
        "every 1 March at 8",
        "every 1st of March at 8",
        "every 1st March at 8",
    ),
    "yearly 29.2. 12:00": ("every leap day at noon",),
    "0 0 1 1,7 *": ("on the 1st of January and July at 0:00",),
    "0 9 31 3,9 *": ("in March and September on the 31st at 9",),
    "monthly 3 fri 09:00": ("every third Friday of the month at 9",),
    "monthly 15 09:00": (
        "every 15th of the month at 9",
        "on day 15 at 9",
        "day 15 of each month at 9",
        "at 9 on the 15th of each month",
    ),
    "monthly last fri 09:00": ("every last Friday of the month at 9",),
    "0 9 * * 1#1,1#3": (
        "every first and third Monday of the month at 9",
        "first and third Monday of the month at 9",
        "1st and 3rd Monday of each month at 9",
        "the 1st and the 3rd Monday of each month at 9",
    ),
    "0 9 1,15,L * *": ("on the 1st, 15th and last day of the month at 9",),
    "0 9 * * 1#1,1#3,5L": ("on the first and third Monday and the last Friday of every month at 9",),
    "0 0 13 * 5": ("on day 13 of every month and every Friday at 0:00",),
    "0 6 1-7 * *": ("on days 1 to 7 of every month at 6",),
    "0 0 L-1,L * *": ("on the second-last day and the last day of every month at 0:00",),
    "monthly -21 00:00": ("on the 21st-last day of every month at 0:00",),
    "0 9 * * 5#1,1": ("every Monday and on the first Friday of every month at 09:00",),
    "yearly 3.3. 12:00": ("every year on 3 March at 12:00",),
    "yearly last.2. 12:00": ("every year on the last day of February at 12:00",),
    "monthly workday 5 07:00": ("On working day 5 of every month at 07:00",),
    "monthly last 18:00": ("every last day of the month at 18",),
    "0 6 1 1,4,7,10 *": (
        "on the 1st of every quarter at 6",
        "every quarter on the 1st at 6",
    ),
    "0 18 L 3,6,9,12 *": (
        "last day of the quarter at 18",
        "on the last day of each quarter at 18",
        "quarterly on the last day at 18",
    ),
    "yearly last.12. 23:00": ("last day of the year at 23:00",),
    "0 9 * 1,4,7,10 1#1": (
        "first Monday of each quarter at 9",
        "on the first Monday of the quarter at 9",
        "on the first Monday of every quarter at 9",
    ),
    "monthly 2 tue 09:00": (
        "every second Tuesday of the month at 9",
        "every 2nd Tuesday of the month at 9",
    ),
    "0 9 * * 5#2,5#4": ("every 2nd and 4th Friday of the month at 9",),
    "monthly 1 09:00": (
        "every 1st of the month at 9",
        "every first of the month at 9",
        "each first of the month at 9",
        "on the first of every month at 9",
        "on the first of each month at 9",
        "on the first day of each month at 9",
        "first day of every month at 9",
        "first of the month at 9",
        "1st of every month at 9",
        "1st of month at 9",
        "every month on the 1st at 9",
        "every month on day 1 at 9",
        "every first day of the month at 9",
        "on the first at 9",
    ),
    "0 9 1,15 * *": (
        "1st and 15th of every month at 9",
        "the 1st and the 15th of each month at 9",
        "on the 1st and 15th at 9",
        "on 1st and 15th at 9",
        "on the 1st and on the 15th of each month at 9",
        "on the 1st of the month and the 15th at 9",
    ),
    "0 6 1,10,20 * *": ("on the 1st, 10th and 20th of the month at 6:00",),
    "0 9 5,10,15 * *": ("on days 5, 10 and 15 at 9",),
    "monthly 21 09:00": ("on the twenty-first of each month at 9",),
    "monthly 31 09:00": (
        "on the thirty-first at 9",
        "monthly on the 31st at 9",
    ),
    "monthly last 09:00": (
        "every month on the last day at 9",
        "every last day of the month at 9",
    ),
    "monthly last fri 17:00": ("each month on the last Friday at 17",),
    "monthly last 23:59": (
        "monthly on the last day at 23:59",
        "last day of every month at 23:59",
    ),
    "monthly last 23:00": ("last day of month at 23:00",),
    "monthly -2 09:00": (
        "the second last day of the month at 9",
        "the second to last day of the month at 9",
        "the last but one day of the month at 9",
        "penultimate day of the month at 9",
        "one day before the last day of the month at 9",
        "the day before the end of the month at 9",
    ),
    "monthly -4 09:00": ("3 days before the end of the month at 9",),
    "monthly 2 fri 09:00": ("2nd Friday of the month at 9",),
    "monthly last sun 12:00": ("last Sunday of each month at noon",),
    "monthly 5 fri 09:00": ("on the fifth Friday of the month at 9",),
    "0 9 * * 1#1,5#3": ("the first Monday and the third Friday of each month at 9",),
    "monthly workday first 09:00": (
        "first weekday of the month at 9",
        "every first working day of the month at 9",
    ),
    "monthly workday 5 08:00": (
        "5th working day of each month at 8",
        "fifth business day of the month at 8",
    ),
    "monthly workday 3 08:00": ("on the 3rd workday of each month at 8",),
    "0 8 1,L * *": ("on the first and last day of the month at 8",),
    "0 8 1W,LW * *": ("on the first and last working day of the month at 8",),
    "0 9 15W * *": (
        "weekday nearest the 15th at 9",
        "the nearest weekday to the 15th of the month at 9",
    ),
    "0 9 1W * *": ("on the working day closest to the 1st of every month at 9",),
    "0 5 1 1,4,7,10 *": (
        "every 3 months on the 1st at 5",
        "on the 1st of every 3 months at 5",
    ),
    "0 5 1 1,7 *": ("every 6 months on the 1st at 5",),
    "yearly 1.1. 05:00": ("every 12 months on the 1st at 5",),
    "0 5 15 1,3,5,7,9,11 *": ("every second month on the 15th at 5",),
    "0 5 * 1,3,5,7,9,11 1#1": ("every 2 months on the first Monday at 5",),
    "0 8 1W 1,4,7,10 *": ("quarterly on the first working day at 8",),
    "0 8 1 1,4,7,10 *": (
        "on the first day of each quarter at 8",
        "first day of the quarter at 8",
    ),
    "0 18 LW 3,6,9,12 *": ("on the last working day of every quarter at 18",),
    "0 8 * 3 1#1": (
        "every year on the first Monday of March at 8",
        "every year in March on the first Monday at 8",
    ),
    "yearly 1.1. 00:00": (
        "each January 1st at 0:00",
        "first day of every year at 0:00",
        "1 January every year at midnight",
        "the 1st of January at midnight each year",
        "january 1 at 0:00 every year",
        "every jan 1st at 0:00",
    ),
    "yearly 4.7. 12:00": (
        "on the 4th of July every year at noon",
        "every July 4th at noon",
    ),
    "yearly 29.2. 09:00": (
        "every 29 February at 9",
        "every year on February 29 at 9",
    ),
    "yearly last.2. 09:00": (
        "every year on the last day of February at 9",
        "on the last day of February every year at 9",
    ),
    "0 9 * 11 5L": ("every last Friday of November at 9",),
    "yearly 1.3. 09:00 + yearly 1.9. 09:00": (
        "every 1 March and 1 September at 9",
        "every year on 1 March and 1 September at 9",
    ),
    "0 9 15 3,6,9,12 *": ("on the 15th of March, June, September and December at 9",),
    "0 9 15 3,6 *": ("on the 15th in March and June at 9",),
    "monthly last fri 12:00": ("at noon on the last Friday of each month",),
    "monthly 1 00:00": (
        "At 12:00 AM, on day 1 of the month",
        "every 1st of the month at midnight",
    ),
    "monthly last 14:30": ("At 02:30 PM, on the last day of the month",),
    "monthly 2 fri 14:30": ("At 02:30 PM, on the second Friday of the month",),
    "0 17 * 9-11 1#1": ("1st monday of sep,oct,nov 17:00",),
    "0 0 1 1,4,7,10 *": (
        "1 of jan,april,july,oct 00:00",
        "1st of jan,april,july,oct 00:00",
    ),
    "0 9 1,8,15,22 * *": ("1,8,15,22 of month 09:00",),
    "monthly 2 10:00": ("every month on day 2 at 10:00",),
    "0 6 1 1,5,9 *": ("every 4 months on the 1st at 6",),
    "0 12 1,15 * *": ("1st and 15th at noon",),
    "monthly 28 09:00": ("every 28th of the month at 9",),
    "0 18 5,15,25 * *": ("on 5th, 15th and 25th of each month at 6pm",),
    "0 18 5,20 * *": (
        "5th and 20th at 6pm",
        "5 and 20 of every month at 6pm",
        "days 5 and 20 at 6pm",
    ),
    "monthly 5 18:00": (
        "day 5 at 18",
        "on the 5th day of every month at 18",
        "5th day of the month at 18:00",
        "every month on the 5th day at 18",
    ),
    "monthly 3 thu 18:30": (
        "every month on the third Thursday at 18:30",
        "every third Thursday of each month at 18:30",
        "third Thursday of every month, 18:30",
        "third Thursday monthly at 18:30",
    ),
    "monthly workday last 09:00": ("the last weekday of each month at 9",),
    "monthly last mon 09:00": ("last Mon of the month 9:00",),
    "0 8 * * 1#1,1#3": ("every 1st & 3rd Monday of the month at 8",),
    "0 6 1,15 * *": ("twice a month on the 1st and 15th at 6",),
    "yearly 25.12. 08:00": (
        "every 25 December at 8",
        "every Dec 25 at 8:00",
    ),
    "0 9 1 3,6,9 *": ("on the 1st of March, June and September at 9",),
    "0 17 * 3,6,9,12 5L": ("on the last Friday of each quarter at 17",),
    "yearly last.12. 23:59": ("on the last day of the year at 23:59",),
    "0 9 1W 1 *": ("on the first working day of the year at 9",),
    "0 9 * 1 1#1": ("on the first Monday of the year at 9",),
    "0 9 15W 6 *": ("every year on the working day nearest the 15th of June at 9",),
    "0 9 1,15 6 *": ("every year on the 1st and 15th of June at 9",),
    "yearly 1.6. 09:00": ("every June on the 1st at 9",),
    "0 9 1 6,7 *": ("every June and July on the 1st at 9",),
    "0 9 1 1-7,9-12 *": (
        "on the 1st except in August at 9",
        "every month except in August on the 1st at 9",
    ),
    "0 9 1-5,10,20-25 * *": ("on days 1 to 5, 10 and 20 to 25 at 9",),
    "0 9 31 1,3,5 *": ("on the 31st of January, March and May at 9",),
    "0 9 * * 5#1,5#3,5L": ("on the first, third and last Friday of the month at 9",),
    "0 9 * 1,3,5,7,9,11 5L": ("every 2 months on the last Friday at 9",),
    "0 9 15,L 1,3,5,7,9,11 *": ("every 2 months on the 15th and the last day at 9",),
    "monthly workday first 09:00 + monthly workday 3 09:00": ("on working days 1 and 3 of every month at 9",),
    "monthly workday 3 09:00 + monthly workday 3 17:00": ("on working day 3 of every month at 9 and 17",),
    "monthly 1 tue 14:00": ("every first Tuesday of the month at 14:00",),
    "monthly 3 wed 15:00": ("third Wednesday of every month at 3pm",),
    "monthly 10 08:15": ("every month on the 10th at 08:15",),
    "monthly 5 00:00": ("on the 5th of every month at midnight",),
    "yearly 4.7. 10:00": ("every year on July 4 at 10am",),
    "monthly workday last 17:00": ("on the last business day of each month at 5 PM",),
    "0 10 15,30 * *": ("on the 15 and 30 of each month at 10",),
    "0 4 1,11,21 * *": ("every 1st, 11th and 21st of the month at 4am",),
    "0 9 15 1,4,7,10 *": ("quarterly on the 15th at 9",),
    "5 0 1 1,4,7,10 *": ("first day of each quarter at 00:05",),
    "monthly workday last 17:30": ("at 5:30 PM on the last weekday of the month",),
    "0 12 * 11 4#3": ("at noon on the third Thursday of November every year",),
    "0 12 * 11 4#4": ("every fourth Thursday of November at noon",),
    "0 9 L,L-1,L-2 * *": ("the last 3 days of the month at 9",),
    "0 9 1-5 * *": ("first five days of every month at 9",),
    "monthly workday first 09:00 + monthly workday 2 09:00 + monthly workday 3 09:00": (
        "the first 3 working days of the month at 9",
    ),
    "monthly 1 06:00 + monthly 15 18:00": ("on the 1st of each month at 6 and on the 15th at 18",),
    "monthly workday 5 09:00": ("on business day 5 of each month at 9",),
    "monthly -3 09:00": (
        "third-last day of the month at 9",
        "3rd to last day of the month at 9",
    ),
    "yearly 31.12. 23:59": (
        "every 31st of december at 23:59",
        "31 december yearly at 23:59",
    ),
    "0 9 1 2-12 *": (
        "1st of every month except January at 9",
        "every month except January on the 1st at 9",
    ),
    "0 9 1 3-5 *": ("every month from March to May on the 1st at 9",),
    "0 9 1 6-8 *": ("on the 1st of each month from June to August at 9",),
}


@pytest.mark.parametrize(("text", "expected"), rows(TABLE))
def test_a_day_of_the_month_is_understood(text: str, expected: str) -> None:
    assert meaning(text) == expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("every first Monday at 9", "first Monday at 9"),
        ("every last Friday at 9", "last Friday at 9"),
        ("every 13th at 13", "13th at 13"),
        ("every 1st, 11th and 21st at 4am", "1st, 11th and 21st at 4am"),
        ("M-F 9am", "every weekday at 9"),
        ("alternate Tuesdays at 10", "every other Tuesday at 10"),
        ("every hour and a half", "every 90 minutes"),
    ],
)
def test_what_people_say_shortly_means_the_same(text: str, plain: str) -> None:
    assert meaning(text) == meaning(plain)


@pytest.mark.parametrize(
    "text",
    ["third Thursday in November at 9", "the third Thursday of November at 9", "on the third Thu in Nov at 9:00"],
)
def test_a_counted_weekday_of_a_month_is_meant_every_year(text: str) -> None:
    assert build({"kind": "text", "text": text}, "UTC").cron == "0 9 * 11 4#3"


def test_a_text_that_can_be_read_in_two_ways_is_refused_with_both() -> None:
    with pytest.raises(ScheduleError) as refused:
        build({"kind": "text", "text": "Monday of the month at 9"}, "UTC")
    [problem] = refused.value.problems["text"]
    assert problem.suggestion == "on the first Monday of the month at 9"
    assert problem.also == ("every Monday of the month at 9",)
