"""The buttons of a run."""

import dataclasses
import re

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

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


def test_a_run_that_runs_is_stopped_after_asking_from_home_and_from_its_page(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    for page, link in (("/", f"{at('run-cancel', run)}?next=/"), (at("run-detail", run), at("run-cancel", run))):
        shown = as_alice.get(page).content.decode()
        assert f'href="{link}"' in shown
        assert f'action="{at("run-cancel", run)}"' not in shown
    asked = as_alice.get(at("run-cancel", run), {"next": "/"})
    assert "Stop HTTP request?" in text(asked)
    assert 'href="/">Go back' in asked.content.decode()
    assert runs.fresh(run).cancel_requested_at is None
    assert as_alice.post(f"{at('run-cancel', run)}?next=/")["Location"] == "/"
    assert runs.fresh(run).cancel_requested_by == "user:alice"


@pytest.mark.parametrize("state", ["queued", "scheduled", "waiting"])
def test_a_run_that_waits_is_cancelled_after_asking_on_its_page(as_alice: Client, alice: User, state: str) -> None:
    run = runs.make_run(alice)
    TaskRun.objects.filter(pk=run.pk).update(status=state, due_at=run.created_at if state == "scheduled" else None)
    shown = as_alice.get(at("run-detail", run)).content.decode()
    assert f'href="{at("run-cancel", run)}"' in shown
    assert f'action="{at("run-cancel", run)}"' not in shown
    asked = text(as_alice.get(at("run-cancel", run)))
    assert "Cancel HTTP request? This run will not begin. That is for good." in asked
    assert runs.fresh(run).status == state
    TaskRun.objects.filter(pk=run.pk).update(failures=1)
    assert "It has been tried before, and will not be tried again." in text(as_alice.get(at("run-cancel", run)))


def test_a_run_that_has_ended_is_not_asked_about(as_alice: Client, failed: TaskRun) -> None:
    assert as_alice.get(at("run-cancel", failed))["Location"] == at("run-detail", failed)


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
    assert '<a href="#f-payload-url">URL</a>' in response.content.decode()
    assert re.search(r"<input[^>]* id=\"f-payload-url\"[^>]* autofocus", response.content.decode())
    assert not TaskRun.objects.filter(rerun_of=failed).exists()


def test_a_retry_with_changes_that_is_refused_keeps_what_was_typed(
    as_alice: Client, failed: TaskRun, settings: Settings, empty_redis: redis.Redis
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, runs_per_hour=1)
    assert as_alice.post(at("run-retry", failed)).status_code == 302
    changed = {"changed": "1", "payload.url": "https://example.org/typed", "payload.method": "GET"}
    response = as_alice.post(at("run-retry", failed), changed)
    assert response.status_code == 429
    assert value(response, "payload.url") == "https://example.org/typed"
    assert "in an hour" in text(response)
    assert TaskRun.objects.count() == 2


def test_a_run_that_has_not_ended_keeps_the_changes_of_a_retry(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    response = as_alice.post(at("run-retry", run), {"changed": "1", "payload.url": "https://example.org/typed"})
    assert response.status_code == 409
    assert value(response, "payload.url") == "https://example.org/typed"
    assert "has not ended" in text(response)


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


@pytest.mark.parametrize("place", ["home", "run-detail"])
def test_a_dismissal_is_undone_beside_its_message(as_alice: Client, failed: TaskRun, place: str) -> None:
    here = at(place, failed) if place == "run-detail" else "/"
    shown = as_alice.post(at("run-dismiss", failed), {"next": here}, follow=True).content.decode()
    said = shown[shown.index("Dismissed. It stays in the history.") :]
    form = said[: said.index("</form>")]
    assert f'action="{at("run-undismiss", failed)}"' in form
    assert f'name="next" value="{here}"' in form
    assert "Undo</button>" in form
    back = as_alice.post(at("run-undismiss", failed), {"next": here}, follow=True)
    assert back.redirect_chain == [(here, 302)]
    assert "It needs somebody again." in text(back)
    assert "Undo" not in text(back)
    assert runs.fresh(failed).dismissed_at is None


def test_a_dismissal_that_was_refused_offers_no_way_back(as_alice: Client, alice: User) -> None:
    refused = as_alice.post(at("run-dismiss", runs.make_run(alice)), {"next": "/"}, follow=True)
    assert "Only a failed run" in text(refused)
    assert "Undo" not in text(refused)
