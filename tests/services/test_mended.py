"""A retry that ends takes what it repeated off the list of what needs a person; keys are no ids."""

import pytest
from django.contrib.auth.models import User

from tasks_app import jobs
from tasks_app.errors import Invalid
from tasks_app.models import TaskRun
from tasks_app.services import outcomes
from tasks_app.services.runs import run_retry
from tests import runs
from tests.services.ends import failure

pytestmark = pytest.mark.django_db
CALL = {"url": "https://example.org/"}


def test_a_success_mends_the_whole_chain_behind_it(alice: User, valkey: str) -> None:
    first = runs.make_run(alice)
    other = runs.make_run(alice)
    for run in (first, other):
        runs.claim(run)
        runs.fail(run)
    second = run_retry(run=runs.fresh(first), actor="user:alice")
    runs.claim(second)
    runs.fail(second)
    third = run_retry(run=runs.fresh(second), actor="user:alice")
    outcomes.attempt_succeeded(runs.hold(third), result=None)
    assert [runs.fresh(run).needs_person for run in (first, second, other)] == [False, False, True]
    assert runs.fresh(second).dismissed_by == "retry"


def test_a_retry_that_fails_stands_for_what_it_repeated(alice: User, valkey: str) -> None:
    first = runs.make_run(alice)
    runs.claim(first)
    runs.fail(first)
    second = run_retry(run=runs.fresh(first), actor="user:alice")
    assert runs.fresh(first).needs_person, "until the retry has ended"
    outcomes.attempt_failed(runs.hold(second), failure(is_permanent=True))
    assert [runs.fresh(run).needs_person for run in (first, second)] == [False, True]
    assert runs.fresh(first).dismiss_note == "A later run of it failed, and stands for it."


def test_a_success_mends_the_other_retries_of_the_same_work(alice: User, valkey: str) -> None:
    first = runs.make_run(alice)
    runs.claim(first)
    runs.fail(first)
    in_vain, in_the_end = (run_retry(run=runs.fresh(first), actor="user:alice") for _ in range(2))
    runs.claim(in_vain)
    runs.fail(in_vain)
    outcomes.attempt_succeeded(runs.hold(in_the_end), result=None)
    assert [runs.fresh(run).needs_person for run in (first, in_vain)] == [False, False]


def test_a_keyed_run_is_made_once_and_stands_in_time_order(alice: User, valkey: str) -> None:
    before = jobs.enqueue("http_request", CALL, owner=alice)
    keyed = jobs.enqueue("http_request", CALL, owner=alice, key="once")
    after = jobs.enqueue("http_request", CALL, owner=alice)
    assert jobs.enqueue("http_request", CALL, owner=alice, key="once").id == keyed.id
    assert [run.id for run in TaskRun.objects.order_by("id")] == [before.id, keyed.id, after.id]


def test_a_key_that_does_not_fit_is_refused_by_name(alice: User, valkey: str) -> None:
    with pytest.raises(Invalid) as refused:
        jobs.enqueue("http_request", CALL, owner=alice, key="x" * 201)
    assert [fault.code for fault in refused.value.fields["key"]] == ["too_long"]
