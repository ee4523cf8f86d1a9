"""cronsim as a second judge, for the rules on which both agree."""

from datetime import UTC, datetime
from itertools import islice

from cronsim import CronSim
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tasks_app.recurrence import ScheduleError, parse
from tasks_app.recurrence.zones import load_zone

FAST = settings(max_examples=100, suppress_health_check=list(HealthCheck))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
FIXED_TIMES = st.sampled_from(["30 2", "0 0", "59 23", "0,30 1,2,3", "15 0-4", "5 12"])
STEPS = st.sampled_from(["*/10 *", "* */3", "7/9 2-5", "0 0-23/2"])
DAYS = st.sampled_from(["*", "1", "31", "*/3", "10-20", "L", "LW", "1,15,29"])
MONTHS = st.sampled_from(["*", "2", "1,4,7,10", "*/5", "JUN-SEP"])
WEEKDAYS = st.sampled_from(["*", "0", "1-5", "7", "FRI", "5L", "1#2", "*/2", "2/3"])


@FAST
@given(FIXED_TIMES | STEPS, DAYS, MONTHS, WEEKDAYS, INSTANTS)
def test_both_agree_in_utc(time: str, day: str, month: str, weekday: str, start: datetime) -> None:
    expression = f"{time} {day} {month} {weekday}"
    try:
        recurrence = parse(expression, "UTC")
    except ScheduleError:
        assume(False)
    for theirs in islice(CronSim(expression, start), 5):
        start = recurrence.next_after(start) or start
        assert start == theirs


@FAST
@given(FIXED_TIMES, WEEKDAYS, INSTANTS)
def test_both_agree_on_fixed_times_in_a_zone(time: str, weekday: str, start: datetime) -> None:
    expression, zone = f"{time} * * {weekday}", load_zone("Europe/Berlin")
    start = start.replace(hour=12)
    recurrence = parse(expression, "Europe/Berlin")
    for theirs in islice(CronSim(expression, start.astimezone(zone)), 20):
        start = recurrence.next_after(start) or start
        # Times of different zones are never equal inside an overlap.
        assert start == theirs.astimezone(UTC)
