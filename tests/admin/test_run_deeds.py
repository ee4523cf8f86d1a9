"""What staff do with runs, and what they read on a run's page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import RunEvent, ScheduledTask, TaskRun
from tests import runs as moves
from tests.admin.pages import address, press, read, select


def test_a_page_tells_the_whole_story(desk: Client, failed_run: TaskRun) -> None:
    html = read(desk, address(TaskRun, "change", failed_run.pk))
    for words in (
        "Morning report",
        "handler error",
        "ValueError: no",
        "Traceback: no",
        "reading rows",
        "worker:tests@here",
    ):
        assert words in html, words
    assert "a line with &lt;b&gt;markup&lt;/b&gt;" in html
    assert 'name="_save"' not in html
    assert f"{failed_run.pk}/delete/" not in html


def test_the_end_of_a_long_log_is_shown(desk: Client, failed_run: TaskRun) -> None:
    moves.log(failed_run, *(f"line number {number}." for number in range(300)))
    html = read(desk, address(TaskRun, "change", failed_run.pk))
    assert "line number 299." in html
    assert "line number 100." in html
    assert "line number 99." not in html


def test_retry_makes_a_new_run(desk: Client, failed_run: TaskRun) -> None:
    (said,) = select(desk, TaskRun, "retry", failed_run)
    again = TaskRun.objects.get(rerun_of=failed_run)
    assert address(TaskRun, "change", again.pk) in said
    assert (again.status, again.trigger, again.actor) == ("queued", "retry", "user:staff")
    assert moves.fresh(failed_run).status == "failed"
    assert str(failed_run.pk) in read(desk, address(TaskRun, "change", again.pk))


def test_a_refusal_is_a_message(desk: Client, failed_run: TaskRun, alice: User) -> None:
    waiting = moves.make_run(alice)
    assert "has not ended" in select(desk, TaskRun, "retry", waiting)[0]
    assert "has already ended" in select(desk, TaskRun, "cancel", failed_run)[0]
    assert "Only a failed run" in select(desk, TaskRun, "dismiss", waiting)[0]


def test_cancel_ends_what_waits_and_asks_what_runs(desk: Client, alice: User) -> None:
    waiting, running = moves.make_run(alice), moves.make_run(alice)
    moves.claim(running)
    said = select(desk, TaskRun, "cancel", waiting, running)
    assert [line.rpartition(": ")[2] for line in said] == ["asked to stop.", "cancelled."]
    assert moves.fresh(waiting).status == "cancelled"
    after = moves.fresh(running)
    assert (after.status, after.cancel_requested_by) == ("running", "user:staff")


def test_dismiss_takes_a_failure_off_the_list(desk: Client, failed_run: TaskRun) -> None:
    url = f"{address(TaskRun, 'changelist')}?needs=person"
    assert str(failed_run.pk) in read(desk, url)
    assert press(desk, failed_run, "dismiss", note="the bank was closed")[0].endswith("dismissed.")
    assert str(failed_run.pk) not in read(desk, url)
    dismissed = moves.fresh(failed_run)
    assert (dismissed.dismissed_by, dismissed.dismiss_note) == ("user:staff", "the bank was closed")


@pytest.mark.parametrize(("state", "deeds"), [("queued", {"cancel"}), ("failed", {"retry", "dismiss"})])
def test_a_page_offers_what_makes_sense(desk: Client, failed_run: TaskRun, state: str, deeds: set[str]) -> None:
    run = failed_run if state == "failed" else moves.make_run(failed_run.owner)
    html = read(desk, address(TaskRun, "change", run.pk))
    assert {deed for deed in ("cancel", "retry", "dismiss") if f"{run.pk}/{deed}/" in html} == deeds


def test_runs_are_never_added_changed_or_deleted(desk: Client, failed_run: TaskRun) -> None:
    before = TaskRun.objects.values().get(pk=failed_run.pk)
    events = RunEvent.objects.count()
    assert desk.post(address(TaskRun, "add"), {"type": "x"}).status_code == 403
    assert desk.post(address(TaskRun, "change", failed_run.pk), {"status": "succeeded"}).status_code == 403
    assert desk.post(address(TaskRun, "delete", failed_run.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(failed_run.pk)], "post": "yes"}
    desk.post(address(TaskRun, "changelist"), chosen)
    assert TaskRun.objects.values().get(pk=failed_run.pk) == before
    assert RunEvent.objects.count() == events


def test_a_sensitive_payload_of_others_needs_a_right_of_its_own(
    deputy: Client, alice: User, admin: User, task: ScheduledTask
) -> None:
    payload = {"url": "https://example.org/swordfish"}
    of_alice = moves.make_run(alice, type="http_request", payload=payload)
    of_admin = moves.make_run(admin, type="http_request", payload=payload)
    assert "swordfish" not in read(deputy, address(TaskRun, "change", of_alice.pk))
    assert "swordfish" in read(deputy, address(TaskRun, "change", of_admin.pk))
