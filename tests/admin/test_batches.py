"""Batches in the admin: to be read, with the way to their pages."""

from django.test import Client

from tasks_app.models import ScheduledTask, TaskRun
from tests.admin.pages import address, read
from tests.services.batches import backfill, hour, spec


def test_a_batch_says_how_far_it_is_and_leads_to_its_page(desk: Client, task: ScheduledTask) -> None:
    ScheduledTask.objects.filter(pk=task.pk).update(schedule={"kind": "cron", "expression": "0 * * * *"})
    task.refresh_from_db()
    batch = backfill(task, 3)
    html = read(desk, address(type(batch), "change", batch.pk))
    assert "0 of 3 done: 2 waiting, 1 queued" in html
    assert f"/batches/{batch.pk}/" in html
    assert f"/runs/?batch={batch.pk}" in html
    run = TaskRun.objects.filter(batch=batch)[0]
    assert run.scheduled_for == hour(3) == spec(3).start
    assert address(type(batch), "change", batch.pk) in read(desk, address(TaskRun, "change", run.pk))
    assert str(batch.pk) in read(desk, f"{address(type(batch), 'changelist')}?q={task.pk}")
