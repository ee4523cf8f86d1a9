"""Celery entry points, a few lines each. Their names are stored data."""

from celery import shared_task

from tasks_app import worker
from tasks_app.beat_sync import FIRE
from tasks_app.dispatch import WORK
from tasks_app.services import firing


@shared_task(name=WORK, ignore_result=True, send_events=False)
def work(queue: str) -> None:
    """Execute what waits, beginning with the woken queue; a wake-up carries nothing else."""
    worker.work(queue)


@shared_task(name=FIRE, ignore_result=True)
def fire(task_id: str) -> None:
    """Fire a task's slot if one is really due: what a PeriodicTask mirror names, for a beat that is not ours."""
    firing.fire_due(actor="periodic_task", task_ids=[task_id])
