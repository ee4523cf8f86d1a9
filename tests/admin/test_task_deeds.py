"""What staff do with tasks: everything through the services, every row told of, a refusal no error."""

import pytest
from django.test import Client

from tasks_app.models import RunEvent, ScheduledTask, TaskRun
from tasks_app.services.tasks import task_cancel, task_delete
from tests.admin.conftest import make_task
from tests.admin.pages import address, press, read, select


def fresh(task: ScheduledTask) -> ScheduledTask:
    return ScheduledTask.objects.get(pk=task.pk)


def test_run_now_queues_a_run_in_the_name_of_the_person(desk: Client, task: ScheduledTask) -> None:
    (said,) = select(desk, ScheduledTask, "run_now", task)
    run = TaskRun.objects.get(task=task)
    assert said.startswith("Morning report: queued.")
    assert address(TaskRun, "change", run.pk) in said
    assert (run.trigger, run.actor) == ("manual", "user:staff")


def test_a_selection_is_told_of_row_by_row(desk: Client, task: ScheduledTask) -> None:
    other, ended = make_task(task.owner, name="Other"), make_task(task.owner, name="Ended")
    task_cancel(task=ended, actor="tests")
    said = select(desk, ScheduledTask, "pause", task, other, ended)
    assert said == [
        "Ended: The task is cancelled; only an active task can be paused.",
        "Other, Morning report: paused.",
    ]
    assert [fresh(one).status for one in (task, other, ended)] == ["paused", "paused", "cancelled"]
    assert fresh(task).pause_note == "Paused in the admin by staff"
    assert "was paused already" in select(desk, ScheduledTask, "pause", task)[0]


def test_resume_plans_again(desk: Client, task: ScheduledTask) -> None:
    select(desk, ScheduledTask, "pause", task)
    assert fresh(task).next_due_at is None
    assert select(desk, ScheduledTask, "resume", task) == ["Morning report: resumed."]
    assert fresh(task).next_due_at is not None


def test_cancel_ends_the_task_and_its_runs(desk: Client, task: ScheduledTask) -> None:
    select(desk, ScheduledTask, "run_now", task)
    assert select(desk, ScheduledTask, "cancel", task) == ["Morning report: cancelled for good."]
    assert fresh(task).status == "cancelled"
    run = TaskRun.objects.get(task=task)
    assert run.status == "cancelled"
    assert RunEvent.objects.filter(run=run).latest("id").actor == "user:staff"
    assert "already cancelled" in select(desk, ScheduledTask, "cancel", task)[0]


@pytest.mark.parametrize(("deed", "status"), [("pause", "paused"), ("cancel", "cancelled"), ("run_now", "active")])
def test_a_button_asks_first_and_acts_on_yes(desk: Client, task: ScheduledTask, deed: str, status: str) -> None:
    desk.get(address(ScheduledTask, f"{deed}_here", task.pk))
    assert fresh(task).status == "active"
    assert TaskRun.objects.count() == 0
    assert press(desk, task, deed)[0].startswith("Morning report: ")
    assert fresh(task).status == status


def test_in_a_dialog_the_page_is_loaded_anew(desk: Client, task: ScheduledTask) -> None:
    url = address(ScheduledTask, "pause_here", task.pk)
    response = desk.post(url, {"_form_submitted": "True"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == address(ScheduledTask, "change", task.pk)


def test_a_page_offers_what_makes_sense(desk: Client, task: ScheduledTask) -> None:
    def offered() -> set[str]:
        html = read(desk, address(ScheduledTask, "change", task.pk))
        deeds = ("run-now", "pause", "resume", "cancel")
        return {deed for deed in deeds if f"{task.pk}/{deed}/" in html}

    assert offered() == {"run-now", "pause", "cancel"}
    press(desk, task, "pause")
    assert offered() == {"run-now", "resume", "cancel"}
    press(desk, task, "cancel")
    assert offered() == set()


def test_a_button_for_no_row_is_404(desk: Client, task: ScheduledTask) -> None:
    for pk in ("nonsense", "01890000-0000-7000-8000-000000000000"):
        url = address(ScheduledTask, "pause_here", pk)
        assert desk.post(url, {"_form_submitted": "True"}).status_code == 404


def test_delete_leaves_a_tombstone_and_the_history(desk: Client, task: ScheduledTask, failed_run: TaskRun) -> None:
    url = address(ScheduledTask, "delete", task.pk)
    assert "Morning report" in read(desk, url)
    desk.post(url, {"post": "yes"})
    assert fresh(task).is_deleted
    assert TaskRun.objects.filter(pk=failed_run.pk).exists()
    assert str(task.pk) not in read(desk, address(ScheduledTask, "changelist"))
    html = read(desk, address(ScheduledTask, "change", task.pk))
    assert 'name="_save"' not in html
    assert desk.post(url, {"post": "yes"}).status_code == 403


def test_a_selection_is_deleted_after_a_question(desk: Client, task: ScheduledTask, failed_run: TaskRun) -> None:
    other = make_task(task.owner, name="Other")
    chosen = {"action": "delete_selected", "_selected_action": [str(task.pk), str(other.pk)]}
    question = desk.post(address(ScheduledTask, "changelist"), chosen)
    assert question.status_code == 200
    assert "Other" in question.content.decode()
    assert not fresh(task).is_deleted
    assert select(desk, ScheduledTask, "delete_selected", task, other, post="yes") == [
        "Other, Morning report: deleted; its history stays."
    ]
    assert fresh(task).is_deleted
    assert fresh(other).is_deleted


def test_a_deleted_task_is_refused_kindly(desk: Client, task: ScheduledTask) -> None:
    task_delete(task=task, actor="tests")
    url = f"{address(ScheduledTask, 'changelist')}?deleted=all"
    response = desk.post(url, {"action": "run_now", "_selected_action": [str(task.pk)]}, follow=True)
    assert "A cancelled task cannot be run" in response.content.decode()


def test_what_was_done_stands_in_the_rows_history(desk: Client, task: ScheduledTask) -> None:
    select(desk, ScheduledTask, "pause", task)
    assert "paused." in read(desk, address(ScheduledTask, "history", task.pk))


def test_a_pause_on_the_page_takes_a_word_about_why(desk: Client, task: ScheduledTask) -> None:
    press(desk, task, "pause", note="until the new tax rates are in")
    assert fresh(task).pause_note == "until the new tax rates are in"
