"""Side effects: once per root run, whatever happens to the attempts; a person decides what nobody can know."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction

from tasks_app.errors import EffectUnknown, RunStopped, SoftTimeout
from tasks_app.models import Effect, TaskRun
from tasks_app.services import runs as run_services
from tasks_app.services.execution.effects import effect
from tasks_app.services.lifecycle import Claim
from tests import runs

pytestmark = pytest.mark.django_db

KEY = "mail:alice@example.org"


class Crash(Exception):
    """The attempt ends in the middle."""


def begin(run: TaskRun, held: Claim | None = None, *, idempotent: bool = False, key: str = KEY) -> Any:
    """Enter the effect as the handler of the run's present attempt would."""
    return effect(runs.fresh(run), held or runs.held(run), key, is_idempotent=idempotent)


def attempt(run: TaskRun, *, idempotent: bool = False, fails: bool = False) -> tuple[bool, str]:
    """Claim the run and go through the effect; gives whether it was sent, and its id."""
    runs.claim(run)
    with begin(run, idempotent=idempotent) as found:
        is_sent = not found.done
        if fails:
            raise Crash
    return is_sent, found.id


def state() -> str:
    """Read the one row."""
    return Effect.objects.get().state


def test_an_effect_is_done_once_its_block_has_ended(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with begin(run) as found:
        assert not found.done
        assert state() == "intent"
        found.confirm({"answer": 7})
    row = Effect.objects.get()
    assert (row.state, row.result, row.root_run_id, row.claim_no) == ("done", {"answer": 7}, run.id, 1)
    assert row.settled_at is not None


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_later_attempt_finds_it_done_with_its_result(idempotent: bool, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with begin(run, idempotent=idempotent) as found:
        found.confirm("first")
    runs.rescue(run)
    runs.claim(run)
    with begin(run, idempotent=idempotent) as again:
        assert again.done
        assert again.result == "first"
        again.confirm("second")
        again.not_done()
    assert (Effect.objects.get().state, Effect.objects.get().result) == ("done", "first")


def test_after_a_crash_an_idempotent_effect_is_sent_again_with_the_same_id(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with pytest.raises(Crash), begin(run, idempotent=True) as first:
        raise Crash
    runs.rescue(run)
    assert attempt(run, idempotent=True) == (True, first.id)
    row = Effect.objects.get()
    assert (row.state, row.claim_no) == ("done", 2)


def test_after_a_crash_any_other_effect_waits_for_a_person(alice: User) -> None:
    run = runs.make_run(alice)
    with pytest.raises(Crash):
        attempt(run, fails=True)
    for _ in range(2):
        runs.rescue(run)
        with pytest.raises(EffectUnknown, match=KEY):
            attempt(run)
        assert state() == "unknown"


def test_what_certainly_did_not_happen_is_tried_again(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with begin(run) as found:
        found.not_done()
    assert state() == "not_done"
    runs.rescue(run)
    assert attempt(run)[0]
    assert state() == "done"


def test_run_again_by_a_person_a_confirmed_effect_does_not_happen_again(alice: User) -> None:
    run = runs.make_run(alice)
    _, name = attempt(run)
    runs.fail(run)
    again = run_services.run_retry(run=runs.fresh(run), actor="user:alice")
    assert attempt(again) == (False, name)
    runs.fail(again)
    third = run_services.run_retry(run=runs.fresh(again), actor="user:alice")
    assert third.root_run_id == run.id
    assert attempt(third) == (False, name)
    assert Effect.objects.count() == 1


def test_another_run_and_another_key_are_other_effects(alice: User) -> None:
    one, two = runs.make_run(alice), runs.make_run(alice)
    ids = {attempt(one)[1], attempt(two)[1]}
    with begin(one, key="mail:bob@example.org") as found:
        ids.add(found.id)
    assert len(ids) == 3
    assert all(uuid.UUID(name) for name in ids)


def test_nothing_is_begun_under_a_void_claim(alice: User) -> None:
    run = runs.make_run(alice)
    stale = runs.hold(run)
    runs.rescue(run)
    runs.claim(run)
    with pytest.raises(RunStopped), begin(run, stale):
        raise AssertionError("the handler went on")
    assert not Effect.objects.exists()


def test_a_confirmation_is_a_fact_even_under_a_void_claim(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with begin(run) as found:
        runs.rescue(run)
        found.confirm("sent")
    assert attempt(run) == (False, found.id)


def test_a_void_claim_says_nothing_about_what_a_later_attempt_has_begun(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with begin(run, idempotent=True) as stale:
        runs.rescue(run)
        with pytest.raises(Crash):
            attempt(run, idempotent=True, fails=True)
        stale.not_done()
    assert (Effect.objects.get().state, Effect.objects.get().claim_no) == ("intent", 2)


@pytest.mark.parametrize("key", ["", "k" * 301])
def test_a_key_has_a_length(key: str, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with pytest.raises(ValueError, match="key"), begin(run, key=key):
        pass


@pytest.mark.parametrize("result", [object(), float("nan")])
def test_a_result_that_is_not_json_is_refused_but_the_effect_is_done(result: object, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with pytest.raises((TypeError, ValueError)), begin(run) as found:
        found.confirm(result)
    assert state() == "done"


def test_any_text_can_be_a_result(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with begin(run) as found:
        found.confirm({"answer": "nul \x00 half \ud800"})
    assert Effect.objects.get().result == {"answer": "nul \ufffd half ?"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_an_effect_inside_a_transaction_of_the_handler_is_refused(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(), begin(run):
        raise AssertionError("the handler went on")
    assert not Effect.objects.exists()
    assert not connection.in_atomic_block


@contextmanager
def lost_commit(*, is_committed: bool, error: BaseException | None = None) -> Iterator[None]:
    """Let the connection be lost in the next commit, or an error be raised there: just after it, or just before."""
    driver: Any = type(connections["default"])
    commit = driver._commit

    def cut(self: Any) -> None:
        driver._commit = commit
        if is_committed:
            commit(self)
        if error is not None:
            raise error
        if self.vendor == "postgresql":
            self.connection.close()
        raise OperationalError("the connection is lost")

    driver._commit = cut
    try:
        yield
        assert driver._commit is commit, "a commit was cut off"
    finally:
        driver._commit = commit


def begin_in_vain(run: TaskRun, *, is_committed: bool, idempotent: bool = False) -> None:
    """Claim the run and begin the effect, whose intent gets no answer."""
    runs.claim(run)
    with pytest.raises(OperationalError), lost_commit(is_committed=is_committed), begin(run, idempotent=idempotent):
        raise AssertionError("the handler went on")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known not to have happened"])
def test_an_intent_whose_answer_is_lost_leaves_nothing_unknown(is_new: bool, is_committed: bool, alice: User) -> None:
    run = runs.make_run(alice)
    if not is_new:
        runs.claim(run)
        with begin(run) as found:
            found.not_done()
        runs.rescue(run)
    begin_in_vain(run, is_committed=is_committed)
    runs.rescue(run)
    assert attempt(run)[0]
    assert state() == "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize("wish", [RunStopped("shutdown"), SoftTimeout("too long")], ids=["stop", "soft limit"])
def test_an_attempt_that_is_stopped_as_its_intent_is_stored_leaves_nothing_unknown(
    wish: BaseException, alice: User
) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with pytest.raises(type(wish)), lost_commit(is_committed=True, error=wish), begin(run):
        raise AssertionError("the handler went on")
    runs.rescue(run)
    assert attempt(run)[0]
    assert state() == "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_lost_answer_does_not_say_that_an_earlier_attempt_did_nothing(is_committed: bool, alice: User) -> None:
    run = runs.make_run(alice)
    with pytest.raises(Crash):
        attempt(run, idempotent=True, fails=True)
    runs.rescue(run)
    begin_in_vain(run, is_committed=is_committed, idempotent=True)
    assert state() == "intent"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_a_lost_answer_does_not_say_that_the_same_attempt_did_nothing_before(alice: User) -> None:
    run = runs.make_run(alice)
    with pytest.raises(Crash):
        attempt(run, fails=True)
    with pytest.raises(OperationalError), lost_commit(is_committed=False), begin(run):
        raise AssertionError("the handler went on")
    assert state() == "intent"
