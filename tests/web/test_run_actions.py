"""The buttons of a run."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import TaskRun
from tests import runs
from tests.web.reading import errors, text, value


@pytest.fixture
def failed(alice: User) -> TaskRun:
    """A run that failed for good."""
    run = runs.make_run(alice, payload={"url": "https://example.org/"})
    runs.claim(run)
    runs.fail(run)
    return run


def at(name: str, run: TaskRun) -> str:
    return reverse(name, args=[run.pk])


def test_a_run_that_waits_is_cancelled(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    response = as_alice.post(at("run-cancel", run), follow=True)
    assert "The run is cancelled" in text(response)
    assert runs.fresh(run).status == "cancelled"


def test_a_run_that_runs_is_asked_to_stop(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    response = as_alice.post(at("run-cancel", run), follow=True)
    assert "It has been asked to stop" in text(response)
    assert runs.fresh(run).cancel_requested_by == "user:alice"


def test_a_run_that_has_ended_cannot_be_cancelled_and_that_is_said(as_alice: Client, failed: TaskRun) -> None:
    assert "already ended" in text(as_alice.post(at("run-cancel", failed), follow=True))


def test_retry_makes_a_new_run_and_leads_there(as_alice: Client, failed: TaskRun) -> None:
    response = as_alice.post(at("run-retry", failed))
    again = TaskRun.objects.get(rerun_of=failed)
    assert response["Location"] == at("run-detail", again)
    assert (again.payload, again.trigger, again.actor) == (failed.payload, "retry", "user:alice")
    assert runs.fresh(failed).status == "failed"


def test_retry_with_changes_starts_from_what_it_was(as_alice: Client, failed: TaskRun) -> None:
    form = as_alice.get(at("run-retry", failed))
    assert value(form, "payload.url") == "https://example.org/"
    changed = {"changed": "1", "payload.url": "https://example.org/other", "payload.method": "GET"}
    as_alice.post(at("run-retry", failed), changed)
    again = TaskRun.objects.get(rerun_of=failed)
    assert again.payload["url"] == "https://example.org/other"


def test_a_payload_that_does_not_fit_starts_nothing_and_is_kept(as_alice: Client, failed: TaskRun) -> None:
    response = as_alice.post(at("run-retry", failed), {"changed": "1", "payload.url": "nonsense"})
    assert response.status_code == 400
    assert errors(response, "payload.url")
    assert value(response, "payload.url") == "nonsense"
    assert not TaskRun.objects.filter(rerun_of=failed).exists()


def test_a_run_that_has_not_ended_is_not_run_again(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    assert "has not ended" in text(as_alice.post(at("run-retry", run), follow=True))
    assert TaskRun.objects.count() == 1


def test_a_failure_is_dismissed_with_its_note(as_alice: Client, failed: TaskRun) -> None:
    response = as_alice.post(at("run-dismiss", failed), {"note": "known"}, follow=True)
    assert "“known”" in text(response)
    row = runs.fresh(failed)
    assert (row.dismissed_by, row.dismiss_note, row.status) == ("user:alice", "known", "failed")
    assert "Only a failed run" in text(as_alice.post(at("run-dismiss", failed), follow=True))
