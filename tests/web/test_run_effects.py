"""What a run did, on its page, and the buttons that settle what nobody knows."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import Effect, ScheduledTask, TaskRun, db_now
from tasks_app.selectors.effects import Known, known_of
from tasks_app.services import lifecycle
from tasks_app.states import Reason
from tests import runs
from tests.web.conftest import signed_in
from tests.web.reading import text


@pytest.fixture
def run(alice: User) -> TaskRun:
    """A run that ended because nobody knows what came of its effect."""
    run = runs.make_run(alice)
    runs.claim(run)
    reason, error = Reason.EFFECT_UNKNOWN, "nobody knows whether 'charge:42' happened"
    lifecycle.fail(runs.held(run), reason=reason, told=lifecycle.Told(error), failures=1, crashes=0)
    return runs.fresh(run)


def make_effect(run: TaskRun, key: str = "charge:42", state: str = "unknown", **fields: object) -> Effect:
    now = db_now()
    return Effect.objects.create(
        root_run_id=run.id, key=key, state=state, run_id=run.id, claim_no=1, begun_at=now, **fields
    )


def page(run: TaskRun) -> str:
    return reverse("run-detail", args=[run.pk])


def settling(effect: Effect) -> str:
    return reverse("run-effect-settle", args=[effect.run_id, effect.pk])


def test_a_run_that_did_nothing_outside_says_nothing_of_it(as_alice: Client, run: TaskRun) -> None:
    assert "What it did" not in text(as_alice.get(page(run)))


def test_what_a_run_did_is_told(as_alice: Client, run: TaskRun) -> None:
    make_effect(run, "mail:<bob>", "done")
    make_effect(run, "mail:carol", "not_done")
    words = text(as_alice.get(page(run)))
    assert "What it did 2 side effects" in words
    assert "happened mail:<bob>" in words
    assert "did not happen mail:carol" in words
    assert "attempt 1" in words
    assert "It happened" not in words


def test_what_nobody_knows_is_said_with_what_to_do(as_alice: Client, run: TaskRun) -> None:
    effect = make_effect(run)
    response = as_alice.get(page(run))
    assert "nobody knows charge:42" in text(response)
    assert "a retry would stop at the same place" in text(response)
    html = response.content.decode()
    assert f'action="{settling(effect)}"' in html
    assert 'href="#effects">Say what happened' in html


def test_the_page_of_its_task_offers_to_say_it_too_until_it_has_been_said(
    as_alice: Client, run: TaskRun, task: ScheduledTask
) -> None:
    TaskRun.objects.filter(pk=run.pk).update(task=task)
    effect = make_effect(run)
    address = reverse("task-detail", args=[task.pk])
    html = as_alice.get(address).content.decode()
    assert f'href="{page(run)}#effects">Say what happened' in html
    assert f'href="{reverse("run-retry", args=[run.pk])}"' not in html
    assert f'action="{reverse("run-retry", args=[run.pk])}"' not in html
    as_alice.post(settling(effect), {"happened": "no", "note": ""})
    html = as_alice.get(address).content.decode()
    assert "Say what happened" not in html
    assert f'action="{reverse("run-retry", args=[run.pk])}"' in html


def test_home_offers_to_say_it_until_it_has_been_said_and_then_a_retry(as_alice: Client, run: TaskRun) -> None:
    effect = make_effect(run)
    again = runs.make_run(run.owner, rerun_of=run, root_run_id=run.id)
    runs.claim(again)
    lifecycle.fail(runs.held(again), reason=Reason.EFFECT_UNKNOWN, told=lifecycle.Told("lost"), failures=1, crashes=0)
    html = as_alice.get("/").content.decode()
    for one in (run, again):
        assert f'href="{page(one)}#effects">Say what happened' in html
        assert f'action="{reverse("run-retry", args=[one.pk])}"' not in html
    as_alice.post(settling(effect), {"happened": "no"})
    response = as_alice.get("/")
    assert "Say what happened" not in text(response)
    assert text(response).count("It is known now what happened; a retry goes on from there.") == 2
    for one in (run, again):
        assert f'action="{reverse("run-retry", args=[one.pk])}"' in response.content.decode()


def test_an_effect_that_a_retry_safely_does_again_asks_nobody_at_home(as_alice: Client, run: TaskRun) -> None:
    make_effect(run, state="intent", is_idempotent=True)
    make_effect(run, "charge:41", "done")
    for shown in (text(as_alice.get("/")), text(as_alice.get(page(run)))):
        assert "Say what happened" not in shown
        assert "It is known now" not in shown
        assert "A retry does it again under the same id, which the receiver knows." in shown
    make_effect(run, "charge:43", "intent")
    assert "Say what happened" in text(as_alice.get("/"))


@pytest.mark.parametrize("has_known", [True, False])
def test_what_is_on_record_no_more_is_not_said_to_be_known(as_alice: Client, run: TaskRun, has_known: bool) -> None:
    if has_known:
        make_effect(run, state="done")
    for shown in (text(as_alice.get("/")), text(as_alice.get(page(run)))):
        assert ("It is known now what happened; a retry goes on from there." in shown) is has_known
        assert ("Nothing is on record of what it did: look whether it happened" in shown) is not has_known


def test_nothing_is_said_to_be_known_while_a_run_may_be_at_it(as_alice: Client, run: TaskRun) -> None:
    make_effect(run)
    runs.claim(runs.make_run(run.owner, rerun_of=run, root_run_id=run.id))
    shown = text(as_alice.get(page(run)))
    assert "A run that may be at it is running." in shown
    assert "It is known now" not in shown


def test_what_is_unsettled_is_asked_once_for_all_runs(
    alice: User, run: TaskRun, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    others = [runs.make_run(alice, reason=Reason.EFFECT_UNKNOWN) for _ in range(3)]
    for one in (run, *others[:2]):
        make_effect(one)
    with django_assert_num_queries(1):
        found = known_of([run, *others])
    assert found == {run.id: Known.LOST, **{one.id: Known.LOST for one in others[:2]}, others[2].id: Known.GONE}
    with django_assert_num_queries(0):
        assert known_of([]) == {}


@pytest.mark.parametrize(
    ("word", "state", "said"), [("yes", "done", "it happened."), ("no", "not_done", "it did not happen.")]
)
def test_a_button_settles_it_and_the_page_goes_on(
    as_alice: Client, word: str, state: str, said: str, run: TaskRun
) -> None:
    effect = make_effect(run)
    response = as_alice.post(settling(effect), {"happened": word, "note": " on the <statement> "})
    assert response["Location"] == page(run)
    words = text(as_alice.get(page(run)))
    assert f"Noted: {said}" in words
    assert "alice has said so" in words
    assert "“on the <statement>”" in words
    assert "a retry goes on from there" in words
    assert Effect.objects.get().state == state


def test_a_second_word_is_refused_in_words(as_alice: Client, run: TaskRun) -> None:
    effect = make_effect(run)
    as_alice.post(settling(effect), {"happened": "yes"})
    assert "That is known already" in text(as_alice.post(settling(effect), {"happened": "no"}, follow=True))
    assert Effect.objects.get().state == "done"


def test_neither_button_is_no_answer(as_alice: Client, run: TaskRun) -> None:
    assert as_alice.post(settling(make_effect(run)), {"note": "x"}).status_code == 400
    assert Effect.objects.get().state == "unknown"


def test_it_is_not_there_for_strangers_and_is_for_staff(as_charlie: Client, run: TaskRun, staff: User) -> None:
    effect = make_effect(run)
    assert as_charlie.post(settling(effect), {"happened": "yes"}).status_code == 404
    assert Client().post(settling(effect), {"happened": "yes"}).status_code == 401
    assert Effect.objects.get().state == "unknown"
    assert signed_in(staff).post(settling(effect), {"happened": "yes"}).status_code == 302
    assert Effect.objects.get().settled_by == "user:staff"


def test_it_is_only_settled_by_a_post(as_alice: Client, run: TaskRun) -> None:
    assert as_alice.get(settling(make_effect(run))).status_code == 405


def test_while_a_retry_is_at_it_one_waits(as_alice: Client, run: TaskRun) -> None:
    effect = make_effect(run)
    again = runs.make_run(run.owner, rerun_of=run, root_run_id=run.id)
    runs.claim(again)
    for one in (run, again):
        html = as_alice.get(page(one)).content.decode()
        assert "A run that may be at it is running" in html
        assert settling(effect) not in html
    Effect.objects.update(state="intent", run_id=again.id)
    assert "under way charge:42" in text(as_alice.get(page(again)))


def test_what_a_retry_safely_does_again_is_not_asked_for(as_alice: Client, run: TaskRun) -> None:
    make_effect(run, state="intent", is_idempotent=True)
    words = text(as_alice.get(page(run)))
    assert "not confirmed charge:42" in words
    assert "would stop at the same place" not in words


def test_a_long_list_is_cut_and_says_so(as_alice: Client, run: TaskRun) -> None:
    for number in range(51):
        make_effect(run, f"mail:{number}", "done")
    assert "50 of 51 side effects; all of them" in text(as_alice.get(page(run)))


def test_behind_a_long_list_nothing_lost_is_said_to_be_done_again(as_alice: Client, run: TaskRun) -> None:
    for number in range(50):
        make_effect(run, f"mail:{number}", "intent", is_idempotent=True)
    assert "A retry does it again" in str(as_alice.get(page(run)).context["known"])
    make_effect(run)
    assert not str(as_alice.get(page(run)).context["known"])
    assert "A retry does it again" not in text(as_alice.get("/"))
