"""Pausing and resuming queues."""

from django.db import transaction

from tasks_app import dispatch
from tasks_app.models import Queue, db_now
from tasks_app.services import audit


@transaction.atomic
def queue_pause(*, queue: Queue, actor: str) -> Queue:
    """Let the queue's runs wait; those that run go on."""
    Queue.objects.filter(name=queue.name, paused_at=None).update(paused_at=db_now(), paused_by=actor[:200])
    queue.refresh_from_db()
    audit.note("queue.pause", queue, actor=actor)
    return queue


@transaction.atomic
def queue_resume(*, queue: Queue, actor: str) -> Queue:
    """Let the queue's runs go on."""
    Queue.objects.filter(name=queue.name).update(paused_at=None, paused_by="")
    dispatch.wake_on_commit(queue.name, 1)
    queue.refresh_from_db()
    audit.note("queue.resume", queue, actor=actor)
    return queue
