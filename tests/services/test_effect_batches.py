"""Many effects begun together: each still happens once per root run, and intents come before anything happens."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.errors import RetryLater, RunStopped
from tasks_app.models import Effect, TaskRun
from tasks_app.services import runs as run_services
from tasks_app.services.execution.effect_batches import begin_batch
from tasks_app.services.execution.effects import Handle, effect
from tasks_app.services.lifecycle import Claim
from tests import runs

pytestmark = pytest.mark.django_db
KEYS = ["a", "b", "c", "d"]


def begin(run: TaskRun, keys: list[str] = KEYS, reserve: Callable[[int], int] | None = None) -> list[Handle]:
    return begin_batch(runs.fresh(run), runs.held(run), keys, reserve)


def states() -> dict[str, str]:
    return dict(Effect.objects.order_by("key").values_list("key", "state"))


@pytest.fixture
def run(alice: User) -> TaskRun:
    made = runs.make_run(alice)
    runs.claim(made)
    return made


def test_intents_stand_before_anything_happens_and_each_is_settled_by_itself(run: TaskRun) -> None:
    first, second, third, _ = begin(run)
    assert set(states().values()) == {"intent"}
    first.confirm("x")
    second.not_done()
    assert states() == {"a": "done", "b": "not_done", "c": "intent", "d": "intent"}
    assert (first.done, third.done) == (True, False)


def test_the_next_attempt_finds_what_is_done_and_begins_the_rest_under_the_same_ids(run: TaskRun) -> None:
    before = begin(run)
    before[0].confirm({"n": 1})
    before[1].not_done()
    runs.hand_back(run)
    runs.claim(run)
    after = begin(run)
    assert [one.id for one in after] == [one.id for one in before]
    assert [one.done for one in after] == [True, False, False, False]
    assert after[0].result == {"n": 1}
    assert set(Effect.objects.exclude(key="a").values_list("claim_no", "state")) == {(2, "intent")}


def test_an_effect_has_the_same_id_begun_alone(run: TaskRun) -> None:
    (one,) = begin(run, ["a"])
    with effect(runs.fresh(run), runs.held(run), "a", is_idempotent=True) as alone:
        assert alone.id == one.id


def test_only_what_is_new_or_certainly_did_not_happen_is_reserved(run: TaskRun) -> None:
    asked: list[int] = []

    def reserve(count: int) -> int:
        asked.append(count)
        return count

    handles = begin(run, ["a", "b", "c"], reserve)
    handles[0].confirm()
    handles[1].not_done()
    begin(run, KEYS, reserve)
    assert asked == [3, 2], "b, which did not happen, and d, which is new; c may have happened"


def test_where_there_is_no_room_the_batch_ends(run: TaskRun) -> None:
    begin(run, ["b"])[0].confirm()
    handles = begin(run, KEYS, lambda wanted: 1)
    assert [handle.done for handle in handles] == [False, True]
    assert states() == {"a": "intent", "b": "done"}
    assert begin(run, ["c", "d"], lambda wanted: 0) == []


def test_a_reservation_that_fails_begins_nothing(run: TaskRun) -> None:
    def reserve(count: int) -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        begin(run, KEYS, reserve)
    assert states() == {}


def test_a_lost_claim_begins_nothing(run: TaskRun) -> None:
    stale = Claim(run.id, 7, "else@where")
    with pytest.raises(RunStopped):
        begin_batch(runs.fresh(run), stale, KEYS, None)
    assert states() == {}


def test_a_retry_by_a_person_knows_what_is_done(run: TaskRun) -> None:
    begin(run)[0].confirm()
    runs.fail(run)
    again = run_services.run_retry(run=runs.fresh(run), actor="user:alice")
    runs.claim(again)
    assert [handle.done for handle in begin(again)] == [True, False, False, False]


def test_two_retries_at_once_do_not_both_send(run: TaskRun) -> None:
    runs.fail(run)
    one, two = (run_services.run_retry(run=runs.fresh(run), actor="user:alice") for _ in range(2))
    runs.claim(one)
    runs.claim(two)
    begin(one, ["a", "b"])[0].confirm()
    with pytest.raises(RetryLater, match="Another retry"):
        begin(two, ["b", "c"])
    assert states() == {"a": "done", "b": "intent"}
    assert [handle.done for handle in begin(two, ["a", "c"])] == [True, False]
    runs.fail(one)
    assert len(begin(two, ["b", "c"])) == 2


def test_a_batch_takes_few_statements(run: TaskRun) -> None:
    fresh, held = runs.fresh(run), runs.held(run)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        begin_batch(fresh, held, [str(number) for number in range(50)], None)
    assert len(queries) <= 10
