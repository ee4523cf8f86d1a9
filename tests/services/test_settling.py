"""A person says what came of a side effect of which nobody knew; a retry then goes on from there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Conflict, EffectUnknown, NotFound
from tasks_app.models import Effect, RunEvent, TaskRun
from tasks_app.selectors.effects import run_effects
from tasks_app.services import runs as run_services
from tasks_app.services.execution.effect_batches import begin_batch
from tasks_app.services.execution.effects import effect
from tasks_app.services.settling import effect_settle
from tests import runs

pytestmark = pytest.mark.django_db

KEY = "charge:42"


class Crash(Exception):
    """The attempt ends in the middle."""


def goes_through(run: TaskRun, *, idempotent: bool = False) -> bool:
    """Claim the run and go through the effect; says whether it was done now."""
    runs.claim(run)
    with effect(runs.fresh(run), runs.held(run), KEY, is_idempotent=idempotent) as found:
        return not found.done


def crashes(run: TaskRun, *, idempotent: bool = False) -> Any:
    """Claim the run and end in the middle of the effect; gives its handle, as a process that still lives has it."""
    runs.claim(run)
    with pytest.raises(Crash), effect(runs.fresh(run), runs.held(run), KEY, is_idempotent=idempotent) as handle:
        raise Crash
    return handle


@pytest.fixture
def unknown(alice: User) -> TaskRun:
    """A run that failed because nobody knows what came of its effect."""
    run = runs.make_run(alice)
    crashes(run)
    runs.rescue(run)
    with pytest.raises(EffectUnknown):
        goes_through(run)
    runs.fail(run)
    return runs.fresh(run)


def row() -> Effect:
    return Effect.objects.get()


def settle(run: TaskRun, *, happened: bool, note: str = "") -> Effect:
    return effect_settle(run=run, effect_id=row().id, happened=happened, actor="user:alice", note=note)


def again(run: TaskRun) -> TaskRun:
    return run_services.run_retry(run=runs.fresh(run), actor="user:alice")


def test_what_happened_is_not_done_by_a_retry(unknown: TaskRun) -> None:
    settle(unknown, happened=True, note="seen on the statement")
    found = row()
    assert (found.state, found.settled_by, found.settle_note) == ("done", "user:alice", "seen on the statement")
    assert found.settled_at is not None
    assert not goes_through(again(unknown))


def test_what_did_not_happen_is_done_by_a_retry_once(unknown: TaskRun) -> None:
    settle(unknown, happened=False)
    retry = again(unknown)
    assert goes_through(retry)
    found = row()
    assert (found.state, found.run_id, found.settled_by, found.settle_note) == ("done", retry.id, "", "")
    runs.succeed(retry)
    assert not goes_through(again(retry))


def test_without_a_word_a_retry_stops_at_the_same_place(unknown: TaskRun) -> None:
    with pytest.raises(EffectUnknown):
        goes_through(again(unknown))


@pytest.mark.parametrize(("happened", "word"), [(True, "It happened"), (False, "It did not happen")])
def test_the_word_stands_in_the_history_of_the_run_and_moves_nothing(
    happened: bool, word: str, unknown: TaskRun
) -> None:
    settle(unknown, happened=happened, note="asked them")
    event = RunEvent.objects.get(run=unknown, target="settled")
    assert (event.version, event.source, event.actor) == (None, "unknown", "user:alice")
    assert event.error == f"{word}: {KEY}. asked them"
    after = runs.fresh(unknown)
    assert (after.status, after.version) == (unknown.status, unknown.version)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_it_is_said_once(first: bool, second: bool, unknown: TaskRun) -> None:
    settle(unknown, happened=first)
    with pytest.raises(Conflict, match=r"known already.*user:alice"):
        settle(unknown, happened=second)
    assert row().state == ("done" if first else "not_done")
    assert RunEvent.objects.filter(target="settled").count() == 1


def test_nobody_contradicts_what_the_run_itself_has_noted(alice: User) -> None:
    run = runs.make_run(alice)
    assert goes_through(run)
    runs.succeed(run)
    with pytest.raises(Conflict, match="the run itself"):
        settle(runs.fresh(run), happened=False)


def test_it_is_not_said_while_a_retry_may_be_at_it(unknown: TaskRun) -> None:
    retry = again(unknown)
    runs.claim(retry)
    with pytest.raises(Conflict, match="is running"):
        settle(unknown, happened=True)
    assert row().state == "unknown"
    assert not run_effects(unknown).open
    runs.fail(retry)
    assert run_effects(unknown).open
    settle(unknown, happened=True)


def test_a_retry_that_waits_finds_what_was_said(unknown: TaskRun) -> None:
    retry = again(unknown)
    settle(unknown, happened=True)
    assert not goes_through(retry)


@pytest.mark.parametrize("of_root", [True, False])
def test_every_run_of_the_work_shows_it_and_each_can_say_it(of_root: bool, unknown: TaskRun) -> None:
    retry = again(unknown)
    with pytest.raises(EffectUnknown):
        goes_through(retry)
    runs.fail(retry)
    for run in (unknown, runs.fresh(retry)):
        (shown,) = run_effects(run).shown
        assert (shown.state, shown.can_settle) == ("unknown", True)
    settle(unknown if of_root else runs.fresh(retry), happened=True)
    assert RunEvent.objects.get(target="settled").run_id == (unknown.id if of_root else retry.id)


def test_an_attempt_that_ended_in_the_middle_for_good_can_be_settled_at_once(alice: User) -> None:
    run = runs.make_run(alice)
    crashes(run)
    runs.fail(run)
    assert row().state == "intent"
    (shown,) = run_effects(runs.fresh(run)).shown
    assert (shown.state, shown.can_settle, shown.attempt) == ("unknown", True, 1)
    settle(runs.fresh(run), happened=True)
    assert not goes_through(again(run))


@pytest.mark.parametrize("happened", [True, False])
def test_an_idempotent_one_needs_nobody_but_can_be_settled(happened: bool, alice: User) -> None:
    run = runs.make_run(alice)
    crashes(run, idempotent=True)
    runs.fail(run)
    (shown,) = run_effects(runs.fresh(run)).shown
    assert (shown.state, shown.can_settle) == ("intent", True)
    assert not run_effects(runs.fresh(run)).blocks_retry
    settle(runs.fresh(run), happened=happened)
    assert goes_through(again(run), idempotent=True) is not happened


@pytest.mark.parametrize("happened", [True, False])
def test_a_batch_of_effects_goes_on_from_there_too(happened: bool, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    begin_batch(runs.fresh(run), runs.held(run), [KEY], None)
    runs.fail(run)
    settle(runs.fresh(run), happened=happened)
    retry = again(run)
    runs.claim(retry)
    (handle,) = begin_batch(runs.fresh(retry), runs.held(retry), [KEY], None)
    assert handle.done is happened
    assert row().state == ("done" if happened else "intent")
    assert (row().settled_by == "") is not happened


def test_a_confirmation_that_comes_late_is_a_fact_whatever_was_said(alice: User) -> None:
    run = runs.make_run(alice)
    late = crashes(run)
    runs.fail(run)
    settle(runs.fresh(run), happened=False)
    late.confirm("receipt 7")
    assert (row().state, row().result, row().settled_by) == ("done", "receipt 7", "")


def test_a_denial_that_comes_late_does_not_undo_what_was_said(alice: User) -> None:
    run = runs.make_run(alice)
    late = crashes(run)
    runs.fail(run)
    settle(runs.fresh(run), happened=True)
    late.not_done()
    assert (row().state, row().settled_by) == ("done", "user:alice")


def _other_run(unknown: TaskRun) -> TaskRun:
    return runs.make_run(unknown.owner)


def _gone(unknown: TaskRun) -> TaskRun:
    TaskRun.objects.filter(id=unknown.id).delete()
    return unknown


@pytest.mark.parametrize("run_of", [_other_run, _gone])
def test_what_is_not_of_this_run_is_not_found(run_of: Callable[[TaskRun], TaskRun], unknown: TaskRun) -> None:
    with pytest.raises(NotFound):
        settle(run_of(unknown), happened=True)
    assert row().state == "unknown"


def test_a_page_shows_first_what_nobody_knows(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    handles = begin_batch(runs.fresh(run), runs.held(run), [f"mail:{number}" for number in range(60)], None)
    for handle in handles[:58]:
        handle.confirm()
    runs.fail(run)
    found = run_effects(runs.fresh(run))
    assert (found.count, len(found.shown)) == (60, 50)
    assert [one.effect.key for one in found.shown[:3]] == ["mail:58", "mail:59", "mail:0"]
