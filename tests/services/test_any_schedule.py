"""Whatever is written as a schedule is understood or refused with a sentence, in a bounded number of steps."""

import sys
from types import FrameType
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks_app.errors import Invalid
from tasks_app.services.schedules import schedule_preview
from tasks_app.services.specs import TaskSpec

pytestmark = pytest.mark.django_db
MOST_CALLS = 600_000
_FIELD = st.text(alphabet="0123456789*,-/LW#?", max_size=12)
_WORDS = [
    *("every", "day", "weekday", "monday", "last", "of", "the", "month", "at", "9:00", "noon", "and", "5", "minutes"),
    *("except", "first", "working", "in", "january", "until", "from", "31st", "between", "@daily", "hours", "²", "to"),
]
crons = st.one_of(
    st.lists(_FIELD, min_size=4, max_size=7).map(" ".join),
    st.text(max_size=150),
    st.builds(
        lambda part, times: ",".join([part] * times) + " * * * *",
        st.sampled_from(["1", "1-5", "*/7", "0-59/1"]),
        st.integers(1, 400),
    ),
    st.builds(
        lambda day, month: f"0 0 {day} {month} *", st.integers(28, 31), st.sampled_from(["2", "2,4", "2,4,6,9,11"])
    ),
)
texts = st.one_of(
    st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join),
    st.text(max_size=300),
    st.sampled_from(_WORDS).map(lambda word: word * 1000),
)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "Mars/Phobos", "", "\0"]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.just([]), st.just({})
)
kinds = st.sampled_from(["once", "cron", "every", "hourly", "daily", "weekly", "monthly", "yearly", "text", "any", "x"])
members = st.sampled_from(
    [
        "run_at",
        "expression",
        "seconds",
        "minutes",
        "days",
        "anchor",
        "minute",
        "time",
        "day",
        "nth",
        "weekday",
        "workday",
        "month",
        "text",
        "of",
    ]
)
objects = st.builds(lambda kind, rest: {"kind": kind, **rest}, kinds, st.dictionaries(members, scalars, max_size=4))


def calls_of(function: Any) -> int:
    """Count the calls of Python functions that this one makes."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def understand(owner: User, **fields: Any) -> None:
    """Explain a schedule as the preview does; what is refused has a sentence at each fault."""
    try:
        seen = schedule_preview(spec=TaskSpec(name="x", type="x", **fields), owner=owner, count=10)
    except Invalid as refusal:
        faults = [fault for found in refusal.fields.values() for fault in found]
        assert faults
        assert all(fault.message for fault in faults)
    else:
        assert seen.description


@pytest.mark.parametrize(("field", "given_"), [("cron", crons), ("text", texts), ("schedule", objects)])
def test_any_schedule_is_explained_or_refused_in_few_steps(
    field: str, given_: st.SearchStrategy[Any], alice: User
) -> None:
    @settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
    @given(value=given_, zone=zones)
    def check(value: Any, zone: str) -> None:
        timing = {"schedule": {"kind": "text", "text": value}} if field == "text" else {field: value}
        assert calls_of(lambda: understand(alice, timezone=zone, **timing)) < MOST_CALLS

    check()
