"""Pausing and resuming queues; making and changing them."""

import re
from typing import Any

from django.db import transaction

from tasks_app import dispatch
from tasks_app.errors import Invalid
from tasks_app.models import Queue, db_now
from tasks_app.services import audit
from tasks_app.services.validation import Problems, check_line, checked_note

RANK_MOST = 999
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NAME_MOST, _DESCRIPTION_MOST = 100, 300


@transaction.atomic
def queue_pause(*, queue: Queue, actor: str, note: str | None = None) -> Queue:
    """Let the queue's runs wait; those that run go on. One that is paused stays so, since when and by whom it was.

    A note that is given takes the place of the one it has. Raises Invalid for a note that cannot be kept.
    """
    kept = checked_note(note or "")
    stored = Queue.objects.select_for_update().get(name=queue.name)
    if stored.paused_at is None:
        Queue.objects.filter(name=queue.name).update(paused_at=db_now(), paused_by=actor[:200], pause_note=kept)
        audit.note("queue.pause", queue, actor=actor, note=kept)
    elif note is None or kept == stored.pause_note:
        audit.note("queue.pause", queue, actor=actor)
    else:
        Queue.objects.filter(name=queue.name).update(pause_note=kept)
        before, after = {"pause_note": stored.pause_note}, {"pause_note": kept}
        audit.note("queue.update", queue, actor=actor, before=before, after=after, note=kept)
    queue.refresh_from_db()
    return queue


@transaction.atomic
def queue_resume(*, queue: Queue, actor: str) -> Queue:
    """Let the queue's runs go on."""
    Queue.objects.filter(name=queue.name).update(paused_at=None, paused_by="", pause_note="")
    dispatch.wake_on_commit(queue.name, 1)
    queue.refresh_from_db()
    audit.note("queue.resume", queue, actor=actor)
    return queue


@transaction.atomic
def queue_create(*, name: str, description: str, rank: int | None, is_background: bool, actor: str) -> Queue:
    """Make a queue; a worker must be told to serve it. It keeps its name for ever. Raises Invalid."""
    problems = Problems()
    if not _NAME.fullmatch(name) or len(name) > _NAME_MOST:
        problems.add("name", "characters", "Letters, digits, '_', '.' and '-' only, at most 100.")
    elif Queue.objects.filter(name=name).exists():
        problems.add("name", "taken", "There is a queue of this name already.")
    values = _checked(problems, description, rank, is_background)
    queue = Queue.objects.create(name=name, **values)
    audit.note("queue.create", queue, actor=actor, after=values)
    return queue


@transaction.atomic
def queue_update(*, queue: Queue, description: str, rank: int | None, is_background: bool, actor: str) -> Queue:
    """Change what a queue says, and when it is served; children see it within a second. Raises Invalid."""
    values = _checked(Problems(), description, rank, is_background)
    stored = Queue.objects.select_for_update().get(name=queue.name)
    before = {name: getattr(stored, name) for name in values}
    Queue.objects.filter(name=queue.name).update(**values)
    stored.refresh_from_db()
    audit.note("queue.update", stored, actor=actor, before=before, after=values)
    return stored


def _checked(problems: Problems, description: str, rank: int | None, is_background: bool) -> dict[str, Any]:
    said = check_line(problems, "description", description, most=_DESCRIPTION_MOST, is_required=False)
    if rank is None or not 0 <= rank <= RANK_MOST:
        problems.add("rank", "out_of_range", f"A whole number from 0 to {RANK_MOST}.")
    if problems:
        raise Invalid("The queue was not accepted; see the fields.", fields=problems.fields)
    return {"description": said, "rank": rank, "is_background": is_background}
