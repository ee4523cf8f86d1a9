"""What is refused: where it stopped, why, and what is suggested, ready to be taken."""

import re
from collections.abc import Mapping

import pytest

from tasks_app.recurrence import build, normalise
from tests.core.recurrence.texts import ZONE, refusal

Suggestion = str | Mapping[str, object] | None
REFUSED: dict[str, list[tuple[str, int, Suggestion]]] = {
    "text_time": [
        ("twice a day", 11, "every day at 9:00 and 17:00"),
        ("every morning", 13, "every morning at 9:00"),
        ("every monday", 12, "every monday at 9:00"),
        ("every day at 25:00", 13, None),
        ("every weekday", 13, "every weekday at 9:00"),
        ("3 March 2027", 12, "3 March 2027 at 9:00"),
        ("every day at 24:00", 13, "every day at 0:00"),
        ("every day at 13pm", 13, "every day at 13:00"),
        ("every day at 9:00:30", 13, "every day at 09:00"),
        ("monday", 6, "monday at 9:00"),
        ("Monday at 9 and Friday", 22, "Monday at 9 and Friday at 9:00"),
        ("every day between 9 and 17", 10, "every hour every day between 9 and 17"),
        ("every day from 9 to 17", 10, "every hour every day from 9 to 17"),
        ("every day from 9", 10, "every hour every day from 9 to 23:00"),
        ("every 3 days", 12, "every 3 days at 9:00"),
        ("every other day", 15, "every other day at 9:00"),
        ("on 3 March 2027", 15, "on 3 March 2027 at 9:00"),
        ("every day", 9, "every day at 9:00"),
        ("every day at 9-10", 10, "every hour every day at 9-10"),
        ("every weekday 8am to 5pm", 14, "every hour every weekday 8am to 5pm"),
        ("twice daily", 11, "every day at 9:00 and 17:00"),
        ("four times a day", 16, "every day at 0:00, 6:00, 12:00 and 18:00"),
        ("every weekday in the morning", 28, "every weekday in the morning at 9:00"),
        ("every day at noon in the morning", 13, None),
        ("every afternoon at 8", 19, None),
        ("nightly", 7, "nightly at 23:00"),
        ("every night at 7", 15, None),
        ("every morning at 15:00", 17, None),
        ("every hour at 0, 15, 30, 45", 21, None),
        ("every weekday at 20 past 4:15", 17, None),
    ],
    "text_unsupported": [
        ("penultimate Friday of the month at 9", 0, None),
        ("every 5 hours on weekdays", 0, "every 4 hours on weekdays"),
        ("every 30 seconds on Mondays", 0, "every minute on Mondays"),
        ("every other weekday at 9", 12, None),
        ("4 times an hour", 0, "every 15 minutes"),
        ("every 5 months on the 1st at 5", 0, None),
        ("twice an hour", 0, "every 30 minutes"),
        ("three times an hour", 0, "every 20 minutes"),
        ("two working days before the end of the month at 9", 0, None),
        ("every sunset", 6, None),
        ("when it rains", 0, None),
        ("every 9999 days at 9", 0, None),
        ("second to last Friday of the month at 9", 0, None),
        ("every 3661 days at 9", 0, None),
        ("every 600 weeks on Monday at 9", 0, None),
        ("every 90 seconds from 8 to 9", 0, "every minute from 8 to 9"),
    ],
    "text_ambiguous": [
        ("twice a week on Monday at 9", 0, None),
        ("half nine", 0, "every day 9:30"),
        ("every day at half nine", 13, "every day at 9:30"),
        ("every third at 9", 6, "on the third of every month at 9"),
        ("year end at 12", 0, "every year on 31 December at 12"),
        ("month-end at 18", 0, "on the last day of every month at 18"),
        ("every 15 minutes between 8 ", 26, "every 15 minutes between 8 and 18:00"),
        ("every 15 minutes between 8 and", 30, "every 15 minutes between 8 and 18:00"),
        ("every hour between 8 on weekdays", 20, "every hour between 8 and 18:00 on weekdays"),
        ("every second Friday at 9", 6, "every other Friday at 9"),
        ("every other Tuesday at 10 from 3 March 2027", 26, "every other Tuesday at 10 starting 9 March 2027"),
        ("03/04/2027 14:00", 0, "2027-04-03 14:00"),
        ("on 24 December at 9", 0, "every year on 24 December at 9"),
        ("every 15 minutes from 8:00", 26, "every 15 minutes from 8:00 to 24:00"),
        ("every hour from 9 to 5", 21, "every hour from 9 to 17:00"),
        ("every hour from 9 to 5pm", 16, "every hour from 09:00 to 5pm"),
        ("every 2 hours from 8:00", 23, "every 2 hours from 8:00 to 22:00"),
        ("every hour at 20", 14, "every hour at minute 20"),
        ("every 3rd day of the month at 9", 6, "on day 3 of the month at 9"),
        ("on the last Friday and Monday at 9", 23, None),
        ("weekly on the 1st at 9", 7, None),
        ("monthly on Monday at 9", 8, "monthly on the first Monday at 9"),
        ("on Thursday, 3 March 2027 at 9", 0, "3 March 2027 at 9"),
        ("once on Monday at 9", 0, "on Monday at 9"),
        ("every day at 9 and 5pm", 13, "every day at 09:00 and 5pm"),
        ("every day at 9 or 10", 15, "every day at 9 and 10"),
        ("at the end of the month at 18", 0, "on the last day of the month at 18"),
        ("at the end of every month at 18", 0, "on the last day of every month at 18"),
        ("every day every week at 9", 10, None),
        ("every day at 9 at 10", 15, None),
        ("on Mondays and every day at 9", 15, None),
        ("hourly at 15", 10, "hourly at minute 15"),
        ("on the hour", 11, "every hour on the hour"),
        ("every 30 minutes between 9 and 5pm", 25, "every 30 minutes between 09:00 and 5pm"),
        ("every 5 minutes from noon to 5", 29, "every 5 minutes from noon to 17:00"),
        ("every hour from 22 to 6 on weekdays", 11, None),
        ("every hour from 9", 17, "every hour from 9 to 23:00"),
        ("every hour starting at 9", 24, "every hour starting at 9 to 23:00"),
        ("every 15 minutes until 18:00", 17, "every 15 minutes from 0:00 until 18:00"),
        ("bi-monthly on the 1st at 9", 0, "every 2 months on the 1st at 9"),
        ("every other Friday of the month at 9", 19, None),
        ("every third Monday at 9", 6, "every 3 weeks on Monday at 9"),
        ("every 2 Mondays at 9", 6, "every 2 weeks on Mondays at 9"),
        ("on the last day at 23:00", 0, "on the last day of every month at 23:00"),
        ("on 1 March and 1 September at 9", 0, "every year on 1 March and 1 September at 9"),
        ("03.12.2027 at 9", 0, "2027-12-03 at 9"),
        ("3 March at 9", 0, "every year on 3 March at 9"),
        ("every monday or tuesday at 9", 13, "every monday and tuesday at 9"),
        ("every weekday at 9 to 5", 22, "every hour every weekday at 9 to 17:00"),
        ("At 10 minutes past the hour, between 09:00 AM and 05:00 PM", 29, None),
        ("2nd,third mon,wed,thu of march 17:00", 14, None),
        ("every 17th day at noon", 6, "on day 17 of every month at noon"),
        ("first day of January at 0:00", 0, "every year on first day of January at 0:00"),
        ("last day of February at 9", 0, "every year on last day of February at 9"),
        ("end of month at 18:00", 0, "on the last day of month at 18:00"),
        ("end of the month", 0, "on the last day of the month at 9:00"),
        ("beginning of every month at 9", 0, "on the first day of every month at 9"),
        ("start of each quarter at 9", 0, "on the first day of each quarter at 9"),
        ("on the 5th day at 18", 0, "on the 5th day of every month at 18"),
        ("every 2 weeks on Friday at 5pm starting 5.3.2027", 40, "every 2 weeks on Friday at 5pm starting 2027-03-05"),
        ("daily at 6:00 18:00", 14, None),
        ("December 25 at 8", 0, "every year on December 25 at 8"),
        ("between 9 and 17 every hour on weekdays and every 2 hours on weekends", 0, None),
        ("on the 2nd and 4th Monday and Wednesday of the month at 9", 30, None),
        ("every hour on weekdays and every 2 hours on weekends from 9 to 17", 53, None),
        ("in July every Monday at 9 and every Friday at 10", 0, None),
        ("every Monday at 9 and every Friday at 10 in July", 41, None),
        ("at 9 on Mondays and at 10 on Fridays in July", 26, None),
        ("every weekday at 9 and on Saturday at 11 except in August", 41, None),
        ("semi-annually on the 1st at 9", 0, "every 6 months on the 1st at 9"),
        ("every half-hour between 9 and 5", 30, "every half-hour between 9 and 17:00"),
        ("starting at 9, every hour until 17", 26, None),
        ("every hour from 18:00 to midnight on weekdays", 11, None),
        ("every 5 minutes from 8:00 to 8:00", 16, None),
        ("on Mondays and on Fridays in July at 9", 10, None),
        ("at 9 on Monday and on Tuesday and on Friday at 10", 19, None),
        ("on the 1st, 10th and Friday of the month at 6:00", 21, None),
        ("1st of every month January at 9", 0, None),
        ("tues, every day at 9 am", 0, None),
        ("every day on Monday at 9", 10, None),
        ("second day at 9", 0, "second day of every month at 9"),
        ("second at 9", 0, "second of every month at 9"),
        ("first at 9", 0, "first of every month at 9"),
        ("every month in March on the 1st at 9", 0, None),
        ("on the first last and working day of the month at 8", 22, None),
        ("Friday of the month at 17:30", 0, "on the first Friday of the month at 17:30"),
        ("on working day of every month at 9 and 17", 0, "on the first working day of every month at 9 and 17"),
        ("Every 5 minutes, 09:00 AM and 05:59 PM, Monday through Friday", 40, None),
        ("in July every weekday at 9 except in August", 27, None),
        ("every 15th day at 9", 6, "on day 15 of every month at 9"),
        ("on the 1st and weekdays at 9", 15, None),
    ],
    "time_nonexistent": [
        ("28 March 2027 at 2:30", 0, "2027-03-28 03:00"),
    ],
    "time_ambiguous": [
        ("31 October 2027 at 2:30", 0, {"kind": "once", "run_at": "2027-10-31T02:30:00+02:00"}),
    ],
    "text_window": [
        ("every day at 9 from 1 March 2027 until 30 June 2027", 15, "every day at 9"),
        ("March 2027", 0, None),
        ("in March 2027 at 9", 0, None),
        ("every day at 9 starting on 1 March 2027", 15, "every day at 9"),
        ("every day at 9 starting Monday", 15, "every day at 9"),
        ("every day at 9 until 30 June 2027", 15, "every day at 9"),
        ("every day at 9 until June", 15, "every day at 9"),
        ("from 1 March 2027 every day at 9", 0, "every day at 9"),
        ("from 1 March to 31 May every day at 9", 0, None),
        ("every day at 9 for 3 days", 15, "every day at 9"),
        ("every day at 9, 10 times", 16, None),
    ],
    "text_zone": [
        ("every day at 9 Berlin time", 15, "every day at 9"),
        ("every day at 9:00 UTC", 18, "every day at 9:00"),
        ("every day at 9 (UTC+2)", 16, "every day at 9"),
        ("2027-03-03T09:00:00Z", 13, {"kind": "once", "run_at": "2027-03-03T09:00:00Z"}),
        ("2027-03-03T09:00:00+01:00", 13, {"kind": "once", "run_at": "2027-03-03T08:00:00Z"}),
        ("every day at 9 CET", 15, "every day at 9"),
        ("every day at 9 in Berlin", 18, "every day at 9"),
        ("every day at 9 New York time", 15, "every day at 9"),
        ("every day at 9 Europe/Berlin", 15, "every day at 9"),
        ("every day at 9 America/New_York time", 15, "every day at 9"),
        ("every day at 9 local time", 15, "every day at 9"),
        ("every day at 9:00 UTC+2", 18, "every day at 9:00"),
        ("every day at 9:00+02:00", 17, "every day at 9:00"),
        ("every day at 9 Eastern", 15, "every day at 9"),
    ],
    "text_cron": [
        ("0 9 * * 1-5", 0, {"kind": "cron", "expression": "0 9 * * 1-5"}),
        ("@daily", 0, {"kind": "cron", "expression": "@daily"}),
        ("*/5 * * * *", 0, {"kind": "cron", "expression": "*/5 * * * *"}),
        ("0 9 * * MON-FRI", 0, {"kind": "cron", "expression": "0 9 * * MON-FRI"}),
        ("0 0 12 * * ?", 0, {"kind": "cron", "expression": "0 12 * * *"}),
        ("@hourly", 0, {"kind": "cron", "expression": "@hourly"}),
        ("@every 5m", 0, {"kind": "every", "minutes": 5}),
        ("@reboot", 0, {"kind": "cron", "expression": "@daily"}),
        ("rate(5 minutes)", 0, {"kind": "every", "minutes": 5}),
        ("cron(0 12 * * ? *)", 0, {"kind": "cron", "expression": "0 12 * * *"}),
        ("CRON_TZ=UTC 0 9 * * *", 0, {"kind": "cron", "expression": "0 9 * * *"}),
        ("60 * * * *", 0, None),
        ("* * * *", 0, {"kind": "cron", "expression": "0 * * * *"}),
    ],
    "text_word": [
        ("evry day at 9", 0, "every day at 9"),
        ("every tusday", 6, "every tuesday at 9:00"),
        ("every day 9", 10, "every day at 9"),
        ("10 minutes", 0, "every 10 minutes"),
        ("every and", 6, None),
        ("jeden Montag um 9", 0, None),
        ("каждый день", 0, None),
        ("every day at 9 30", 15, "every day at 9:30"),
        ("every day at 8; 12; 18", 16, "every day at 8; every day at 12; every day at 18"),
        ("every hour 9-17", 11, "every hour from 9-17"),
        ("every full moon", 6, None),
        ("every blue moon", 6, None),
        ("hello", 0, None),
        ("9", 0, "every day at 9"),
        ("at at 9", 3, None),
        ("every day at 9 at", 17, None),
        ("every day at -9", 13, None),
        ("every 5 foo", 8, None),
        ("every weekday 9-5", 14, "every hour every weekday from 9-17:00"),
        ("every 6 hours synchronized", 14, None),
        ("every working hour", 6, None),
        ("every end of month at 9", 6, None),
        ("daily at 6:00/18:00", 13, None),
        ("monday 9", 7, "monday at 9"),
        ("monday, 9", 8, "monday, at 9"),
        ("every day at 9:30pm-ish", 20, None),
        ("9 in the morning every day", 0, "at 9 in the morning every day"),
        ("last two Fridays of the month at 9", 5, None),
        ("every day at 9, then every hour", 16, None),
        ("either Monday or Tuesday at 9", 0, None),
        ("every day in Q1 at 9", 13, None),
        ("every 15 minutes from 6 to 9 and 17 to 20", 33, "every 15 minutes from 6 to 9 and from 17 to 20"),
        ("every 15 minutes from 6-9 and 17-20", 30, "every 15 minutes from 6-9 and from 17-20"),
        ("hourly, 9 to 17, weekdays", 8, "hourly, from 9 to 17, weekdays"),
        ("1st monday-friday jan,april,july,oct 00:00", 10, None),
        ("and Thursdays at 6", 4, None),
        ("2h Monday at 9", 0, "every 2h Monday at minute 9"),
    ],
    "text_never": [
        ("on 31 February every year at 9", 3, None),
        ("2027-02-29 at 9", 0, None),
        ("on the sixth Friday of the month at 9", 7, None),
        ("every February 30 at 9", 15, None),
        ("on the 31st of April every year at 9", 7, None),
    ],
    "text_number": [
        ("every 1.5 hours", 6, "every 90 minutes"),
        ("every 2.5 days at 9", 6, None),
        ("every 0 minutes", 8, None),
        ("12345", 0, None),
        ("every 0 hours", 8, None),
        ("every 100000 minutes", 6, None),
        ("every 1000000", 6, None),
        ("every minutes", 6, "every minute"),
        ("every hours", 6, "every hour"),
    ],
    "text_day": [
        ("weekly at 9", 6, "weekly on Monday at 9"),
        ("monthly at 9", 7, "monthly on day 1 at 9"),
        ("yearly at 9", 6, "yearly on 1 January at 9"),
        ("at 9", 0, "every day at 9"),
        ("every 2 weeks at 9", 13, "every 2 weeks on Monday at 9"),
        ("every 2 weeks", 13, "every 2 weeks on Monday at 9:00"),
        ("every other week", 16, "every other week on Monday at 9:00"),
        ("every other week at 9", 16, "every other week on Monday at 9"),
        ("every month at 9", 11, "every month on day 1 at 9"),
        ("every month", 11, "every month on day 1 at 9:00"),
        ("monthly", 7, "monthly on day 1 at 9:00"),
        ("every quarter at 9", 13, "every quarter on day 1 at 9"),
        ("every year", 10, "every year on 1 January at 9:00"),
        ("yearly", 6, "yearly on 1 January at 9:00"),
        ("9:00", 0, "every day 9:00"),
        ("at 9:00", 0, "every day at 9:00"),
        ("every january at 9", 0, "every day every january at 9"),
        ("twice a week at 9", 12, "on Monday and Thursday at 9"),
        ("twice a week", 12, "on Monday and Thursday at 9:00"),
        ("twice a week at 9 and 17", 12, "on Monday at 9 and 17"),
        ("3 times a month at 9", 15, "on the 1st, 11th and 21st of every month at 9"),
        ("twice a year at 9", 12, "every 6 months on the 1st at 9"),
        ("five times a quarter at 9", 20, None),
    ],
    "text_calendar": [
        ("every Easter", 6, None),
        ("every bank holiday at 9", 6, None),
        ("on holidays at 9", 3, None),
        ("every year on Christmas", 14, None),
    ],
    "text_character": [
        ("every day at ٩", 13, None),
        ("＊", 0, None),
        ("?", 0, None),
        ("<script>alert(1)</script>", 0, None),
        ("every day at 9' OR 1=1", 20, None),
    ],
    "text_date": [
        ("3/3/27 9:00", 0, None),
    ],
    "text_vague": [
        ("sometimes", 0, None),
        ("every day around 9", 10, "every day at 9"),
        ("every day at about 9", 13, "every day at 9"),
        ("never", 0, None),
        ("always", 0, None),
    ],
    "text_empty": [
        ("!!!", 0, None),
    ],
}


@pytest.mark.parametrize(
    ("text", "code", "position", "suggestion"),
    [(text, code, position, better) for code, rows in REFUSED.items() for text, position, better in rows],
)
def test_what_is_not_understood_is_refused_at_its_word(
    text: str, code: str, position: int, suggestion: Suggestion
) -> None:
    problem = refusal(text)
    assert (problem.code, problem.position, problem.suggestion) == (code, position, suggestion)
    assert 10 < len(problem.message) < 300


@pytest.mark.parametrize("better", [better for rows in REFUSED.values() for _, _, better in rows if better])
def test_a_suggestion_is_accepted_in_its_turn(better: str | Mapping[str, object]) -> None:
    schedule = {"kind": "text", "text": better} if isinstance(better, str) else better
    assert build(normalise(schedule, ZONE), ZONE).describe()


@pytest.mark.parametrize("text", [text for rows in REFUSED.values() for text, _, _ in rows])
def test_what_a_message_advises_is_accepted_in_its_turn(text: str) -> None:
    advice = re.findall(
        r'(?:[Ww]rite|[Ss]uch as|[Pp]erhaps|day long,|number:|, or|" or) "([^"]+)"', refusal(text).message
    )
    for better in advice:
        assert build(normalise({"kind": "text", "text": better}, ZONE), ZONE).describe()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("evry day at 9", ['"evry" is not understood', 'did you mean "every"?']),
        ("every second Friday at 9", ["every other Friday at 9", "on the second Friday of every month at 9"]),
        ("03/04/2027 14:00", ["2027-04-03", "2027-03-04"]),
        ("every hour from 9 to 5", ["every hour from 9 to 17:00", "every hour from 9 to 05:00"]),
        ("every 2 hours from 8:00", ["from 8:00 to 22:00", "all day long", "from 0:00"]),
        ("every monday", ["at 9:00"]),
        ("tomorrow at 9", ['"tomorrow"', "write the date"]),
        ("every day at 9 from 1 March 2027 until 30 June 2027", ["Not before (starts_at) and Not after (ends_at)"]),
        ("every day at 9 until 30 June 2027", ["field Not after (ends_at)"]),
        ("every day at 9, 10 times", ["field Runs at most (max_runs)"]),
        ("every day at 9 Berlin time", ["field Time zone (timezone)"]),
        ("every day at 9 except holidays", ["calendar"]),
        ("0 9 * * 1-5", ["choose Cron (kind cron)"]),
        ("every 5 months on the 1st at 5", ["1, 2, 3, 4, 6 or 12"]),
        ("60 * * * *", ["minute is 0-59, not 60"]),
        ("on Thursday, 3 March 2027 at 9", ["3 March 2027 is a Wednesday"]),
        ("every day at 9 and 17 and", ["too early"]),
        ("every day at 9 <b>", ['"<"']),
        ("every 15 minutes between 8", ["say until when, such as and 18:00"]),
        ("every day at half nine", ["every day at 9:30", "every day at 8:30"]),
        ("twice a week on Monday at 9", ["this names 1 time, not 2"]),
    ],
)
def test_a_refusal_says_what_to_do(text: str, words: list[str]) -> None:
    message = refusal(text).message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text_empty"),
        (" \t\n", "text_empty"),
        (" . , ", "text_empty"),
        ("every day at 9 " * 14, "text_too_long"),
        ("x" * 201, "text_too_long"),
        ("a " * 100, "text_too_long"),
        ("daily at " + ",".join(f"{hour}:{hour + 1:02}" for hour in range(24)), "text_too_long"),
        ("every day at 9\x00", "text_character"),
        ("every day at ９", "text_character"),
        ("every day at 9²", "text_character"),
        ("еvery day at 9", "text_word"),  # the first letter is Cyrillic
    ],
)
def test_odd_texts_are_refused(text: str, code: str) -> None:
    assert refusal(text).code == code


def test_the_position_counts_in_the_text_as_it_was_written() -> None:
    assert refusal("  every\u00a0 \t tusday at 9").position == 11


@pytest.mark.parametrize(
    ("zone", "text"), [("Europe/Berlin", "every 30 minutes in the hour 2 on the last Sunday of every March")]
)
def test_a_time_that_the_zone_always_skips_is_refused(zone: str, text: str) -> None:
    assert refusal(text, zone).code == "text_never"
    assert build({"kind": "text", "text": text}, "UTC").describe()
