"""Whatever is refused: the place of the fault lies in the text, and each suggestion is accepted when it is taken."""

import random
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.errors import FieldError
from tasks_app.recurrence import ScheduleError, build, parse
from tasks_app.services.faults import faults_of
from tests.core.recurrence.steps import forget, steps_of
from tests.core.recurrence.strategies import FAST, cron_texts

MOST_TO_REFUSE = 100_000
ELSEWHERE = """
60 * * * *|0 24 * * *|0 0 99 13 MONDAY|0 0 30 2 *|0 0 31 4,6,9,11 ?|0 0 L-30 2 *|0 0 */31 2 MON#5|* * * foo *
1-|-1|+5|- * * * *|1--5 * * * *|*/-5 * * * *|5/5/5 * * * *|*5 * * * *|1:30 * * * *|[1,2] * * * *|1;2 * * * *
,,, * * * *|0x10 * * * *|H H * * *|H/15 * * * *|H H(9-16)/2 * * 1-5|R R * * *|0~30 * * * *|~ ~ * * *
0 22-2/2 * * *|0 0 * NOV-FEB/2 *|0 0 * * SAT-MON/2|@every 5m|@every 500ms|@every 0s|@every|@every soon
@every -5m|@every 9999999h|@reboot|@never|@|@@daily|@ daily|@daily x|@5m|*|*/15|0 9|* * *|0 9 * *|9 * * 1-5
0 9 1 1|a b c d|null|0 9am * * *|0 0 1#1 * *|0 0 15W-20W * *|0 0 L-3W FRIL *|0 0 LW * LW|0 0 12 * * ?
0 15 10 ? * 6L 2002-2005|0 0 0 1 1 ? 2030/2|0 0 0 29 2 ? 2030|0 0 0 30 2 ?|0 0 0 30 2 ? *|*/7 * * * * *
* * * * * *|* * * * * * *|0 0 0 * * * * *|61 0 9 * * *|0 61 9 * * ?|0 0 9 ? * FRI#9|0 0 9 ? FOO BAR
0 0 9 ? * MON,,FRI|rate(5 minutes)|rate(0 days)|rate(5)|rate(|cron(0 12 * * ? *)|cron(0 12 * * ? 2030)
cron(foo)|cron()|cron(0 12|at(2027-03-03T12:00:00)|at(2027-02-30)|at(noon)|at(2027-01-01T25:00)|TZ=UTC 0 9 * * *
CRON_TZ=Mars/Base 61 9 * * *|TZ=UTC|UTC 0 9 * * *|0 9 * * * UTC|0 99 * * * Europe/Berlin|OnCalendar=daily
OnCalendar=Mon..Fri *-*-* 10:00|*-*-* *:0/15|*-02~03|Mon *-*-1..7|2027-*-* 0:0:30|OnCalendar=|OnCalendar=soon
PT15M|P1M|P5M|P1Y|P3Y|PT0S|P|PT|R/2027-01-01T00:00:00Z/PT15M|R5/2027-13-01T00:00:00Z/P1M
R/2027-99-99T99:99:99Z/PT15M|R//|R3/PT1H|FREQ=DAILY|RRULE:FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9
FREQ=MONTHLY;BYMONTHDAY=-1|FREQ=YEARLY;COUNT=3|FREQ=X|FREQ=MINUTELY;INTERVAL=0|9:00|25:00|15m|0m|1h30m
5 minutes|every monday|every day at 9|0 9 * * MON FRI|0 9 - 17 * *|1, 2 * * * *|0 9 * * 1 - 5|0 9 1 1 2027
"0 9 * * *"|'61 9 * * *'|cron: "0 9 * * *"|- cron: '*/5 * * * *'|schedule = 99 * * * *|""|# a comment
0 9 * * * # why|61 9 * * * # why|*/5 * * * * root run --all|61 9 * * * /usr/bin/run|MAILTO=root|SHELL=/bin/sh
*/90 * * * *|*/90 9-17 * * *|0 */36 * * *|0 0 */45 * *
"""
ODD_CHARACTERS = [
    "0 9 * * 1\u20135",
    "\uff10 9 * * *",
    "\u0663 * * * *",
    "0 9 * * *\n0 10 * * *",
    "0 9\x00 * * *",
    "\u2217 * * * *",
    "0 9 * * \u263a",
    "\u00a0",
    "\U0001f600",
]
TEXTS = [text for row in ELSEWHERE.strip().split("\n") for text in row.split("|")] + ODD_CHARACTERS
LONG = [
    ",".join(map(str, range(60))) + " * * * *",
    ",".join(map(str, range(0, 60, 2))) + " 1,3,5,7,9,11,13,15,17,19,21,23 1,3,5,7,9,11,13,15,17,19 * *",
    "5 4 * * * /usr/bin/" + "x" * 200,
    "x" * 500,
    "1-2-3-4-5-6-7-8-9-0-1 " * 5,
    "x,y,z,w,v " * 5,
    "60," * 38 + "1 * * * *",
    "?,?,? " * 5,
    "MON MON MON " * 9,
    "TZ=x " * 23,
    "cron:" * 23,
    "- " * 60,
    "9w " * 39,
    "*-*-* " * 19,
    "Mon..Tue," * 13,
    "H H H H H",
    "aaaaaaaaaaaaaaaaaaaaaaa " * 5,
]


def refusal(text: str, timezone: str = "UTC") -> Iterator[FieldError]:
    """Give the faults of an expression, none where it is accepted."""
    try:
        parse(text, timezone)
    except ScheduleError as error:
        for faults in faults_of(error, {"kind": "cron", "expression": text}).values():
            yield from faults


def check(text: str, timezone: str = "UTC") -> None:
    """Take every suggestion of every fault."""
    for fault in refusal(text, timezone):
        assert fault.position is not None, fault
        assert 0 <= fault.position <= max(len(text) - 1, 0), fault
        for offered in (fault.suggestion, *fault.also):
            assert offered is not None, fault
            schedule = offered if isinstance(offered, Mapping) else {"kind": "cron", "expression": offered}
            assert build(schedule, timezone)


@pytest.mark.parametrize("text", [*TEXTS, *LONG, "", "   ", " \t61 9 * * *", "\t@every 5m", "  0 9 30 2 *"])
def test_every_refusal_has_its_place_and_a_suggestion_that_is_accepted(text: str) -> None:
    assert list(refusal(text))
    check(text)


def test_what_the_clocks_of_a_zone_always_skip_is_offered_later() -> None:
    check("*/30 2 * 3 0L", "Europe/Berlin")
    [fault] = refusal("*/30 2 * 3 0L", "Europe/Berlin")
    assert (fault.position, fault.suggestion) == (5, "*/30 3 * 3 0L")


@FAST
@given(cron_texts(), st.data())
def test_what_is_mistyped_is_accepted_or_has_its_place_and_a_suggestion(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        typed = data.draw(st.sampled_from([*"0169*/-,?LW#H@~ .:(", "MON", "60", " 2027", ""]))
        text = text[:place] + typed + text[place + data.draw(st.integers(0, 2)) :]
    check(text)


@FAST
@given(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3), st.sampled_from([" ", "", "(", ",", "/"]))
def test_what_is_put_together_of_several_forms_is_refused_like_one(texts: list[str], between: str) -> None:
    check(between.join(texts))


def test_no_refusal_takes_much_work() -> None:
    choice = random.Random(1)
    for text in [*LONG, *choice.sample(TEXTS, 60)]:
        forget()
        assert steps_of(lambda text=text: list(refusal(text))) < MOST_TO_REFUSE, text  # type: ignore[misc]
