"""The checker's own tests: a good history passes, and for each invariant there are histories that break it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from tests.faults import checker
from tests.faults.history import Expected, History, Look, Operation, Request, Sent
from tests.faults.made_up import RUN, T0, TASK, WITNESS, at, events, line, stamp, story
from tests.live.story import Event

SLOT = {TASK: Expected(frozenset({T0}))}
KILL = Operation(stamp(0.5), "kill -9", "worker")
DOWN, HEAL = Operation(stamp(2), "stop", "db", lasts=True, blinds=True), Operation(stamp(30), "heal")
WELL_AT = (1, 10, 20, 29, 35)
RESCUED = ((0.1, "queued/due"), (0.3, "running"), (6, "queued/rescued"), (7, "running"), (8, "succeeded"))
MANUAL: dict[str, Any] = {"trigger": "manual", "slot": None}


def history(*stories: Any, **known: Any) -> History:
    """Make a history of one task with one slot, good where nothing else is given."""
    facts: dict[str, Any] = {"ledger": WITNESS, "expected": SLOT}
    return History(stories=stories or (story(),), **{**facts, **known})


def up(second: float) -> Operation:
    return Operation(stamp(second), "start", "db")


def looks(*bad: int) -> list[Look]:
    return [Look(stamp(second), second not in bad) for second in WELL_AT]


def expecting(*seconds: float, may: tuple[float, ...] = ()) -> dict[UUID, Expected]:
    return {TASK: Expected(frozenset(map(at, seconds)), frozenset(map(at, may)))}


def fenced(claim: int) -> Event:
    return Event(None, "", "fenced", "", "worker:w@here", claim, "refused", at(9))


def request(deed: str, status: int, subject: UUID | None, mark: str = "") -> Request:
    return Request(stamp(0), stamp(0.1), deed, status, subject, mark)


GOOD = {
    "one slot, one run": history(),
    "a crash and a second claim": history(
        story(0, *RESCUED), ledger=[line(0.4, "start"), line(7.1, "start", pid=12), line(7.9, "end", pid=12)]
    ),
    "a slot in doubt, with a row": history(
        story(0),
        story(1, slot=at(5), scheduled_for=at(5)),
        expected=expecting(0, may=(5,)),
        ledger=[*WITNESS, line(0.4, "start", 1)],
    ),
    "a slot in doubt, without one": history(expected=expecting(0, may=(5,))),
    "a skipped range": history(
        story(0, (50, "skipped/missed"), slot=None, range_to=at(10), range_count=3),
        expected=expecting(0, 5, 10),
        ledger=[],
    ),
    "a late answer that is refused": history(
        replace(story(0, *RESCUED), events=(*story(0, *RESCUED).events, fenced(1))),
        ledger=[line(0.4, "start"), line(7.1, "start", pid=12)],
    ),
    "what was not answered may be lost": history(
        requests=[request("run-now", 0, None, "m1"), request("run-now", 500, UUID(int=7))]
    ),
    "a fault that shows, and its end": history(operations=[DOWN, HEAL], looks=looks(10, 20)),
    "a fault too short to show": history(operations=[DOWN, Operation(stamp(9), "heal")], looks=looks()),
    "a fault that was undone at once": history(operations=[DOWN, up(2.1), HEAL], looks=looks()),
    "an unconfirmed effect waits": history(
        story(0, (0.1, "queued/due"), (0.3, "running"), (1, "failed/effect_unknown"), type="probe.once"),
        ledger=[line(0.4, "start"), line(0.5, "effect:a")],
    ),
}
BAD: dict[str, tuple[str, History]] = {
    "a slot without a row": ("H1", history(expected=expecting(0, 5))),
    "a run for what is no slot": ("H1", history(expected=expecting())),
    "a range that counts wrongly": (
        "H1",
        history(
            story(0, (50, "skipped/missed"), slot=None, range_to=at(10), range_count=9),
            expected=expecting(0, 5, 10),
            ledger=[],
        ),
    ),
    "two rows for a slot": ("H2", history(story(0), story(1), ledger=[*WITNESS, line(0.4, "start", 1)])),
    "a row inside a range": (
        "H2",
        history(
            story(0),
            story(1, (50, "skipped/missed"), slot=None, range_to=at(10), range_count=3),
            expected=expecting(0, 5, 10),
        ),
    ),
    "a run that waits for ever": ("H3", history(story(0, (0.1, "queued/due")), ledger=[])),
    "a run that is never taken back": (
        "H3",
        history(story(0, (0.1, "queued/due"), (0.3, "running")), operations=[KILL]),
    ),
    "an end that comes too late": ("H3", history(story(0, (0.1, "queued/due"), (0.3, "running"), (60, "succeeded")))),
    "an effect that happens twice": (
        "H4",
        history(story(0, type="probe.once"), ledger=[line(0.4, "start"), line(0.5, "effect:a"), line(0.6, "effect:a")]),
    ),
    "success without its effect": ("H4", history(story(0, type="probe.once"))),
    "two keys for one effect": (
        "H4",
        history(story(0, type="probe.idem"), sent=[Sent(stamp(0.5), "a", RUN), Sent(stamp(0.6), "b", RUN)]),
    ),
    "success that the sink never saw": ("H4", history(story(0, type="probe.idem"))),
    "more executions than claims": ("H4", history(ledger=[line(0.4, "start"), line(0.5, "start", pid=12)])),
    "success without execution": ("H4", history(ledger=[])),
    "work for a run that there is not": ("H4", history(ledger=[*WITNESS, line(0.4, "start", 9)])),
    "a stale worker that goes on": (
        "H5",
        history(story(0, *RESCUED), ledger=[line(0.4, "start"), line(7.1, "start", pid=12), line(7.5, "end")]),
    ),
    "a claim number that stands still": (
        "H5",
        history(
            replace(story(0, *RESCUED), events=tuple(replace(e, claim_no=min(e.claim_no, 1)) for e in events(*RESCUED)))
        ),
    ),
    "a stale worker that writes": (
        "H5",
        history(
            replace(
                story(0, *RESCUED),
                events=tuple(
                    replace(e, claim_no=1 if e.target == "succeeded" else e.claim_no) for e in events(*RESCUED)
                ),
            )
        ),
    ),
    "an arrow that there is not": (
        "H6",
        history(story(0, (0.1, "queued/due"), (1, "succeeded")), ledger=[line(0.4, "start")]),
    ),
    "a lost event": ("H6", history(replace(story(), events=(*story().events[:1], *story().events[2:])))),
    "a status that no event tells": ("H6", history(replace(story(), status="failed", reason="timeout"))),
    "nobody did it": ("H6", history(replace(story(), events=tuple(replace(e, actor="") for e in story().events)))),
    "time that goes back": ("H6", history(story(0, (0.4, "queued/due"), (0.1, "running"), (1, "succeeded")))),
    "a promised run that is lost": ("H7", history(requests=[request("run-now", 202, UUID(int=7))])),
    "a promised task that is lost": ("H7", history(requests=[request("create", 201, UUID(int=7))])),
    "a promised cancel without effect": ("H7", history(requests=[request("cancel", 200, RUN)])),
    "one request, two runs": (
        "H7",
        history(
            *(story(number, payload={"mark": "m1"}, **MANUAL) for number in (0, 1)),
            ledger=[*WITNESS, line(0.4, "start", 1)],
            expected={},
            requests=[request("run-now", 0, None, "m1")],
        ),
    ),
    "a cancelled run that is executed": ("H8", history(story(0, (0.1, "queued/due"), (0.2, "cancelled/user")))),
    "a secret in a log": ("H9", history(texts={"web.log": "token=CANARY-1"}, canaries=["CANARY-1"])),
    "a slow start without a fault": (
        "H10",
        history(story(0, (0.1, "queued/due"), (9, "running"), (10, "succeeded")), ledger=[line(9.1, "start")]),
    ),
    "a slow start after a fault": (
        "H10",
        history(
            story(0, (0.1, "queued/due"), (50, "running"), (50.5, "succeeded")),
            ledger=[line(50.1, "start")],
            operations=[KILL],
        ),
    ),
    "messages that are left": ("H11", history(remains={"wake-ups": 3})),
    "a fault that never shows": ("H12", history(operations=[DOWN, HEAL], looks=looks())),
    "a long outage that never shows": ("H12", history(operations=[DOWN, up(29), HEAL], looks=looks())),
    "an alarm that does not end": ("H12", history(operations=[DOWN, HEAL], looks=looks(10, 20, 35))),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history_passes(name: str) -> None:
    assert [str(found) for found in checker.check(GOOD[name])] == []
    checker.demand(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_history_that_breaks_an_invariant_is_caught(name: str) -> None:
    invariant, known = BAD[name]
    assert invariant in {found.invariant for found in checker.check(known)}
    with pytest.raises(AssertionError, match=f"{invariant}: "):
        checker.demand(known)


def test_every_invariant_has_a_history_that_breaks_it() -> None:
    assert {invariant for invariant, _ in BAD.values()} == {f"H{number}" for number in range(1, 13)}
    assert len(checker.CHECKS) == 12


def test_a_counter_example_is_told_in_the_order_of_time() -> None:
    _, known = BAD["a stale worker that goes on"]
    known = replace(known, operations=[Operation(stamp(0.5), "SIGSTOP", "worker")], sent=[Sent(stamp(0.6), "k", RUN)])
    with pytest.raises(AssertionError) as caught:
        checker.demand(known)
    text = str(caught.value)
    words = ["row ", "queued due", "running", "start attempt", "SIGSTOP worker", "key k", "rescued", "end attempt"]
    places = [text.index(word) for word in words]
    assert places == sorted(places), text
    clocks = [part.split()[0] for part in text.splitlines() if part.startswith("  ")]
    assert clocks == sorted(clocks)


def test_time_is_told_by_one_clock() -> None:
    assert datetime.fromtimestamp(stamp(3), T0.tzinfo) == at(3)
