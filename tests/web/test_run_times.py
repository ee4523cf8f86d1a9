"""What a run's page says of time, of stopping, of who started it, and of a dismissal that is taken back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import AuditEntry, Batch, RunEvent, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.selectors.run_list import run_story
from tasks_app.selectors.run_times import total_ms
from tasks_app.selectors.usual import usual_seconds
from tasks_app.services import lifecycle
from tasks_app.states import Reason
from tasks_app.web.run_origin import origin_of
from tasks_app.web.run_times import steps_of, stretches, time_left, times_left, took
from tests import runs
from tests.api.client import Api
from tests.web.reading import text


def page(run: TaskRun) -> str:
    return reverse("run-detail", args=[run.pk])


def going_on(owner: User, task: ScheduledTask | None, *, seconds: float, **fields: object) -> TaskRun:
    """A run that has been running for so long."""
    run = runs.make_run(owner, task)
    runs.claim(run)
    TaskRun.objects.filter(id=run.id).update(started_at=db_now() - timedelta(seconds=seconds), **fields)
    return runs.fresh(run)


@pytest.mark.parametrize(
    ("progress", "left"),
    [
        ({"done": 25, "total": 100}, "about 3 min left"),
        ({"done": 100, "total": 100}, "about 1 s left"),
        ({"done": 0, "total": 100}, ""),
        ({"done": 5}, ""),
        ({"done": "5", "total": "x"}, ""),
        (None, ""),
    ],
)
def test_the_time_left_comes_from_its_own_progress(alice: User, progress: object, left: str) -> None:
    run = going_on(alice, None, seconds=60, progress=progress)
    assert run.started_at is not None
    assert time_left(run, run.started_at + timedelta(seconds=60)) == left


def test_without_progress_it_comes_from_what_the_task_usually_takes(alice: User, task: ScheduledTask) -> None:
    now = db_now()
    for seconds in (10, 40, 50):
        run = runs.make_run(alice, task)
        runs.claim(run)
        runs.succeed(run)
        TaskRun.objects.filter(id=run.id).update(started_at=now - timedelta(seconds=seconds), finished_at=now)
    run = going_on(alice, task, seconds=0)
    assert run.started_at is not None
    assert usual_seconds(run) == 40
    assert time_left(run, run.started_at + timedelta(seconds=15)) == "about 25 s left, going by its last runs"
    assert time_left(run, run.started_at + timedelta(seconds=70)) == "it usually takes 40 s"
    runs.ask_to_stop(run)
    assert time_left(runs.fresh(run), run.started_at) == ""


def ended(run: TaskRun, *, made: int, started: int, ended: int) -> TaskRun:
    """End it, with these seconds since the begin of its story."""
    runs.claim(run)
    runs.succeed(run)
    begin = db_now() - timedelta(hours=1)
    at = {"created_at": made, "scheduled_for": 0, "started_at": started, "finished_at": ended}
    TaskRun.objects.filter(id=run.id).update(**{name: begin + timedelta(seconds=value) for name, value in at.items()})
    return runs.fresh(run)


@pytest.mark.parametrize(
    ("started", "said"),
    [(10, "it took 5.0 s"), (70, "it took 5.0 s, after waiting 1 min")],
)
def test_of_one_attempt_it_is_said_how_long_it_took_and_waited(alice: User, started: int, said: str) -> None:
    run = ended(runs.make_run(alice), made=10, started=started, ended=started + 5)
    assert took(run) == said
    assert total_ms(run) == (started + 5 - 10) * 1000, "since it was made, which was after its instant"


def test_of_several_attempts_the_last_and_the_whole_are_said(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.retry_later(run)
    runs.queue(run)
    run = ended(run, made=-10, started=200, ended=202)
    said = "The last attempt took 2.0 s; all attempts and waits together, 3 min 22 s."
    assert as_alice.get(page(run)).context["sentence"] == said
    assert "2.0 s 3 min 22 s in all" in text(as_alice.get(reverse("run-list")))
    body = Api(alice).get(f"runs/{run.pk}").body
    assert (body["duration_ms"], body["total_ms"]) == (2000, 202_000)


def test_a_run_that_is_cancelled_while_it_waits_for_its_retry_did_not_run_until_then(alice: User) -> None:
    run, other = runs.make_run(alice), runs.make_run(alice)
    for one in (run, other):
        runs.claim(one)
        runs.retry_later(one)
    lifecycle.cancel(runs.fresh(run), reason=Reason.USER, actor="user:alice")
    lifecycle.cancel_all(TaskRun.objects.filter(id=other.id), reason=Reason.USER, actor="user:alice")
    for one in (run, other):
        cancelled = runs.fresh(one)
        assert (cancelled.status, cancelled.duration_ms, took(cancelled)) == ("cancelled", None, "")
        assert total_ms(cancelled) is not None


def test_the_bar_shows_each_state_as_wide_as_it_was_long(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.retry_later(run)
    start = db_now() - timedelta(seconds=100)
    for event, after in zip(run.events.order_by("id"), (0, 20, 80), strict=True):
        run.events.filter(id=event.id).update(at=start + timedelta(seconds=after))
    steps = steps_of(run_story(run)[0])
    found = stretches(steps, start + timedelta(seconds=100))
    assert [(one.status, one.x, one.width) for one in found] == [
        ("queued", 0.0, 20.0),
        ("running", 20.0, 60.0),
        ("scheduled", 80.0, 20.0),
    ]
    assert [one.since for one in found] == [None, None, steps[-1].event.at], "what goes on grows in the page"
    assert stretches([], start) == []


def test_stopping_is_shown_stage_by_stage(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    assert as_alice.get(page(run)).context["stopping"] == ""
    as_alice.post(reverse("run-cancel", args=[run.pk]))
    response = as_alice.get(page(run))
    assert response.context["stopping"] == "stopping"
    assert "tests@here is told" in text(response)
    assert "by alice" in text(response)
    runs.stop(run)
    assert as_alice.get(page(run)).context["stopping"] == "stopped"


def test_a_run_that_ended_before_it_stopped_says_so(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.ask_to_stop(run)
    runs.succeed(run)
    response = as_alice.get(page(run))
    assert response.context["stopping"] == "ended"
    assert "Not stopped it ended by itself before that" in text(response)


def test_who_started_it_is_a_sentence_with_a_link(alice: User, task: ScheduledTask) -> None:
    first = runs.make_run(alice, task, trigger="schedule", actor="beat:x:1")
    batch = Batch.objects.create(owner=alice, task=task, kind="backfill", total=1, max_concurrency=1, parameters={})
    made = {
        "On the schedule of Nightly": first,
        "By hand, from Nightly by alice": runs.make_run(alice, task, trigger="manual", actor="user:alice"),
        "Through the API, from Nightly by API key alice/ci": runs.make_run(
            alice, task, trigger="api", actor="key:alice/ci"
        ),
        "Through the API by API key alice/ci": runs.make_run(alice, trigger="api", actor="key:alice/ci"),
        "Started again from an earlier run by alice": runs.make_run(
            alice, task, trigger="retry", rerun_of=first, actor="user:alice"
        ),
        "By a backfill by alice": runs.make_run(alice, task, trigger="backfill", batch=batch, actor="user:alice"),
        "When another run had ended": runs.make_run(alice, task, trigger="continuation", parent=first),
    }
    for sentence, run in made.items():
        origin = origin_of(run)
        assert origin.before + origin.link + origin.after == sentence
    assert origin_of(made["Started again from an earlier run by alice"]).href == page(first)


def test_a_dismissal_is_taken_back(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.fail(run)
    as_alice.post(reverse("run-dismiss", args=[run.pk]), {"note": "known"})
    assert "Take the dismissal back" in text(as_alice.get(page(run)))
    assert "It needs somebody again" in text(as_alice.post(reverse("run-undismiss", args=[run.pk]), follow=True))
    assert runs.fresh(run).needs_person
    assert "can be put back" in text(as_alice.post(reverse("run-undismiss", args=[run.pk]), follow=True))
    assert AuditEntry.objects.filter(action="run.undismiss").count() == 1


def test_home_says_of_each_run_how_long_it_will_still_take(
    client: Client, alice: User, task: ScheduledTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        ended = going_on(alice, task, seconds=40)
        runs.succeed(ended)
    by_progress = going_on(alice, None, seconds=60, progress={"done": 25, "total": 100})
    by_its_task = [going_on(alice, task, seconds=10) for _ in range(3)]
    client.force_login(alice)
    assert "about 3 min" in text(client.get("/"))  # and some seconds, on a slow machine
    now = db_now()
    with django_assert_max_num_queries(2):
        said = times_left([by_progress, *by_its_task], now)
    assert said == [time_left(one, now) for one in (by_progress, *by_its_task)]
    assert said[1].endswith("left, going by its last runs")


def test_the_facts_beside_a_run_are_fetched_again(client: Client, alice: User) -> None:
    run = runs.make_run(alice)
    client.force_login(alice)
    address = reverse("run-detail", args=[run.pk])
    asked = {"HX-Request": "true", "HX-Target": "run-facts"}
    assert "Worker" not in text(client.get(address, headers=asked))
    runs.claim(run)
    answer = client.get(address, headers=asked)
    assert "Worker" in text(answer)
    assert "<h1" not in answer.content.decode()


def test_a_run_of_which_no_event_is_kept_has_a_page(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice, None)
    RunEvent.objects.filter(run=run).delete()
    assert as_alice.get(page(run)).status_code == 200


def test_a_run_whose_worker_is_not_heard_of_says_so_and_estimates_nothing(as_alice: Client, alice: User) -> None:
    run = going_on(alice, None, seconds=60, progress={"done": 25, "total": 100})
    heard = db_now() - timedelta(seconds=40)
    worker = Worker.objects.create(
        name=run.worker, hostname="here", pid=1, concurrency=2, started_at=heard, heartbeat_at=heard
    )
    words = text(as_alice.get(page(run)))
    assert f"Nothing has been heard of {run.worker} for" in words
    assert "left" not in words
    Worker.objects.filter(pk=worker.pk).update(heartbeat_at=db_now())
    words = text(as_alice.get(page(run)))
    assert "Nothing has been heard" not in words
    assert "about 3 min" in words  # and some seconds, on a slow machine
