"""One deed on the runs that are ticked in the list."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import ScheduledTask, TaskRun, TaskShare
from tasks_app.selectors import run_counts
from tasks_app.services import runs as run_service
from tests import runs
from tests.web.reading import filled, text

pytestmark = pytest.mark.usefixtures("empty_redis")


@pytest.fixture
def several(alice: User, task: ScheduledTask) -> dict[str, TaskRun]:
    """Runs of alice's, each in another stand."""
    names = ("queued", "running", "stopping", "succeeded", "failed", "again", "dismissed", "cancelled")
    made = {name: runs.make_run(alice, task) for name in names}
    for name in names[1:-1]:
        runs.claim(made[name])
    runs.ask_to_stop(made["stopping"])
    runs.succeed(made["succeeded"])
    for name in ("failed", "again", "dismissed"):
        runs.fail(made[name])
    run_service.run_again(run=runs.fresh(made["again"]), actor="user:alice")
    run_service.run_dismiss(run=made["dismissed"], actor="user:alice")
    runs.cancel(made["cancelled"])
    return made


def ask(client: Client, verb: str, ticked: list[TaskRun], **more: Any) -> Any:
    """Press a button of the bar."""
    query = {"ticked": 1, **more, "run": [run.pk for run in ticked]}
    return client.get(f"/runs/all/{verb}/?{urlencode(query, doseq=True)}", follow=True)


def confirm(client: Client, verb: str, page: Any, **more: Any) -> Any:
    """Send the form of the page, and see where it leads."""
    return client.post(f"/runs/all/{verb}/", {**filled(page), **more}, follow=True)


def boxes(page: Any) -> list[str]:
    """The ids of the runs that can be ticked."""
    return re.findall(r'<input type="checkbox"\s+name="run"\s+value="([^"]+)"\s+form="bulk"', page.content.decode())


def test_every_row_that_is_ones_own_has_a_box(
    as_alice: Client, as_charlie: Client, charlie: User, task: ScheduledTask, several: dict[str, TaskRun]
) -> None:
    page = as_alice.get("/runs/?queue=default")
    assert boxes(page) == [str(run.pk) for run in page.context["runs"]]
    bar = page.content.decode().split('id="bulk"')[1].split("</form>")[0]
    assert '<input type="hidden" name="queue" value="default">' in bar
    assert re.findall(r'"/runs/all/(\w+)/"', bar) == ["retry", "dismiss", "cancel"]
    row = f"/runs/{several['failed'].pk}/row/"
    assert boxes(as_alice.get(row)) == [str(several["failed"].pk)]
    share = TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.VIEW)
    assert boxes(as_charlie.get("/runs/")) == boxes(as_charlie.get(row)) == []
    assert 'id="bulk"' not in as_charlie.get("/runs/").content.decode()
    TaskShare.objects.filter(pk=share.pk).update(level=TaskShare.Level.RUN)
    assert len(boxes(as_charlie.get("/runs/"))) == len(several) + 1


@pytest.mark.parametrize(
    ("verb", "asks", "left_alone", "said"),
    [
        ("dismiss", "Dismiss 2 runs?", "6 are left alone: 1 dismissed already; 5 not failed.", "2 runs dismissed"),
        ("cancel", "Cancel 2 runs?", "6 are left alone: 1 asked to stop already; 5 ended already.", "2 runs cancelled"),
        (
            "retry",
            "Run 4 runs again?",
            "4 are left alone: 1 had been run again already; 3 not ended yet.",
            "4 runs started again",
        ),
    ],
)
def test_it_is_done_to_those_that_it_fits_and_told_of_the_others(
    as_alice: Client, several: dict[str, TaskRun], *, verb: str, asks: str, left_alone: str, said: str
) -> None:
    page = ask(as_alice, verb, list(several.values()))
    assert asks in text(page)
    assert f"Of those that you ticked, {left_alone}" in text(page)
    told = text(confirm(as_alice, verb, page))
    assert said in told
    assert left_alone.replace(" are", " runs were") in told


def test_a_dismissal_of_ticked_runs_has_its_note_its_way_back_and_leads_back_to_the_same_page(
    as_alice: Client, several: dict[str, TaskRun]
) -> None:
    place = {"queue": "default", "before": several["cancelled"].pk}
    page = ask(as_alice, "dismiss", [several["failed"]], **place)
    assert "Dismiss 1 run?" in text(page)
    shown = confirm(as_alice, "dismiss", page, note="relay down")
    assert shown.redirect_chain == [(f"/runs/?{urlencode(place)}", 302)]
    assert "1 run dismissed, and kept in the history. Undo" in text(shown)
    assert runs.fresh(several["failed"]).dismiss_note == "relay down"
    assert runs.fresh(several["again"]).dismissed_at is None
    undo = as_alice.post(f"/runs/sweeps/{shown.context['told']['token']}/undo/", follow=True)
    assert "1 run put back" in text(undo)
    assert runs.fresh(several["failed"]).dismissed_at is None


def test_where_nothing_is_ticked_nothing_is_meant(as_alice: Client, several: dict[str, TaskRun]) -> None:
    page = ask(as_alice, "dismiss", [], status="needs")
    assert page.redirect_chain == [("/runs/?status=needs", 302)]
    assert "Tick the runs that you mean." in text(page)


@pytest.mark.parametrize(
    "query", ["run=", "run=abc", "status=failed&run=abc", "run=&run=%00&status=failed", "ticked=&status=failed"]
)
def test_an_address_that_names_runs_never_means_all_that_match(
    as_alice: Client, several: dict[str, TaskRun], query: str
) -> None:
    for verb in ("retry", "dismiss", "cancel"):
        page = as_alice.get(f"/runs/all/{verb}/?{query}", follow=True)
        assert "Tick the runs that you mean." in text(page), verb
        assert 'name="plan"' not in page.content.decode(), verb


def test_runs_that_are_named_are_meant_without_the_mark_of_the_form(
    as_alice: Client, several: dict[str, TaskRun]
) -> None:
    assert "Dismiss 1 run?" in text(as_alice.get(f"/runs/all/dismiss/?run=abc&run={several['failed'].pk}"))


@pytest.mark.parametrize("query", ["", "status=", "before=abc", "nothing=1"])
def test_nothing_is_done_with_all_runs_at_once(as_alice: Client, several: dict[str, TaskRun], query: str) -> None:
    for verb in ("retry", "dismiss", "cancel"):
        page = as_alice.get(f"/runs/all/{verb}/?{query}", follow=True)
        assert page.redirect_chain == [("/runs/?", 302)], verb
        assert "Narrow the list first, or tick the runs that you mean." in text(page), verb


def test_where_none_of_them_fits_the_page_says_why(as_alice: Client, several: dict[str, TaskRun]) -> None:
    page = ask(as_alice, "dismiss", [several["succeeded"], several["dismissed"]])
    assert "Nothing to do" in text(page)
    assert "2 are left alone: 1 dismissed already; 1 not failed." in text(page)
    assert 'name="plan"' not in page.content.decode()


def test_what_has_all_been_run_again_leaves_nothing_to_press(as_alice: Client, several: dict[str, TaskRun]) -> None:
    page = ask(as_alice, "retry", [several["again"]])
    assert "Nothing to do" in text(page)
    assert "Of those that you ticked, 1 is left alone: 1 had been run again already." in text(page)
    assert 'name="plan"' not in page.content.decode()


def test_what_was_run_again_since_the_page_asked_is_left_alone(as_alice: Client, several: dict[str, TaskRun]) -> None:
    page = ask(as_alice, "retry", [several["failed"], several["cancelled"]])
    assert "Run 2 runs again?" in text(page)
    run_service.run_again(run=runs.fresh(several["failed"]), actor="user:alice")
    told = text(confirm(as_alice, "retry", page))
    assert "1 run started again; what was before stays as it was." in told
    assert "1 run was left alone: 1 had been run again already." in told


def test_what_has_ended_since_the_page_asked_is_left_alone(as_alice: Client, several: dict[str, TaskRun]) -> None:
    page = ask(as_alice, "cancel", [several["queued"], several["running"]])
    runs.succeed(several["running"])
    told = text(confirm(as_alice, "cancel", page))
    assert "1 run cancelled, or asked to stop. 1 run was left alone: 1 ended already." in told


def test_nobody_ticks_what_they_may_not_see_or_touch(
    as_charlie: Client, charlie: User, task: ScheduledTask, several: dict[str, TaskRun]
) -> None:
    assert "Nothing to do" in text(ask(as_charlie, "retry", [several["failed"]]))
    TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.VIEW)
    page = ask(as_charlie, "retry", [several["failed"]])
    assert "Not yours to do this with" in text(page)
    assert "1 run was left alone: 1 not yours to do this with." in text(confirm(as_charlie, "retry", page))
    assert not TaskRun.objects.filter(rerun_of=several["failed"]).exists()


def test_what_is_no_id_is_passed_over(as_alice: Client, several: dict[str, TaskRun]) -> None:
    run = several["queued"]
    page = as_alice.get(f"/runs/all/cancel/?ticked=1&run=x&run=%00&run={run.pk}&run={run.pk}")
    assert "Cancel 1 run?" in text(page)


def test_rows_that_come_later_have_a_bar_that_acts_on_them(as_alice: Client, task: ScheduledTask) -> None:
    page = as_alice.get("/runs/?status=failed")
    assert boxes(page) == []
    assert 'class="bulk only-live"' in page.content.decode()
    assert {"Retry", "Dismiss", "Stop or cancel"} <= {
        *re.findall(r"</svg>([A-Z][a-z ]+)</button>", page.content.decode())
    }


def test_what_was_not_counted_may_still_be_acted_on(
    as_alice: Client, alice: User, task: ScheduledTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, ended = (runs.make_run(alice, task) for _ in range(2))
    runs.claim(failed)
    runs.fail(failed)
    runs.cancel(ended)
    monkeypatch.setattr(run_counts, "RECENT", 1)
    assert "Retry what needs you" in text(as_alice.get(f"/runs/?task={task.pk}"))
