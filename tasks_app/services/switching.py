"""Pausing, resuming, tagging and deleting tasks: of one alone, or of many in one transaction.

Each function takes a task whose row the caller holds locked, and changes it through a `Pen`, which writes what belongs
to many together. Of the PeriodicTask mirror nothing changes but its flag.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Self

from django.utils import timezone

from tasks_app import beat_sync
from tasks_app.errors import Conflict, Invalid
from tasks_app.models import AuditEntry, ScheduledTask, db_now
from tasks_app.services import audit, due_slots, endings, planning, revisions
from tasks_app.services.endings import ENDED
from tasks_app.services.specs import check_tags
from tasks_app.services.validation import Problems, checked_note
from tasks_app.states import TaskKind, TaskStatus

# A pen reads the clock once: what comes due while it writes must not be missed.
_SOON = timedelta(minutes=1)
_NOT_ACTIVE = "The task is {}; only an active task can be paused."
_NOT_PAUSED = "The task is {}; only a paused task can be resumed."


class Pen:
    """Writes changed tasks at once, and their mirrors and audit entries together when it is closed."""

    def __init__(self) -> None:
        self._switched: list[ScheduledTask] = []
        self._deleted: dict[str, list[ScheduledTask]] = {}
        self._entries: list[AuditEntry] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            beat_sync.switch(self._switched)
            for actor, tasks in self._deleted.items():
                endings.take_away(tasks, actor=actor)
            audit.write(self._entries)

    def save(self, task: ScheduledTask, entry: AuditEntry, *fields: str, is_switched: bool = False) -> None:
        """Write these fields of a task, as its next version."""
        task.version += 1
        task.updated_at = timezone.now()
        task.save(update_fields=[*fields, "version", "updated_at"])
        self._entries.append(entry)
        if is_switched:
            self._switched.append(task)

    def save_whole(self, task: ScheduledTask, entry: AuditEntry) -> None:
        """Write all of a task, as its next version, and its mirror."""
        task.version += 1
        task.save(force_update=True)
        beat_sync.mirror(task)
        self._entries.append(entry)

    def delete(self, task: ScheduledTask, *, actor: str) -> None:
        """Delete a task of which nothing is due, together with the others that go."""
        self._entries.append(endings.deletion(task, actor=actor))
        endings.bury(task, self.now)
        self._deleted.setdefault(actor, []).append(task)

    @cached_property
    def now(self) -> datetime:
        """The database's clock, read once."""
        return db_now()


def pause(pen: Pen, task: ScheduledTask, *, actor: str, note: str = "") -> bool:
    """Stop planning the task; False where it is paused already. Raises Conflict for one that has ended."""
    if task.status in ENDED:
        raise Conflict(_NOT_ACTIVE.format(task.status))
    if task.status == TaskStatus.PAUSED:
        return False
    switch_off(task)
    task.pause_note = checked_note(note)
    entry = audit.entry("task.pause", task, actor=actor, note=task.pause_note)
    pen.save(task, entry, "status", "paused_at", "pause_note", "next_due_at", is_switched=True)
    return True


def resume(pen: Pen, task: ScheduledTask, *, actor: str) -> bool:
    """Plan the task again from now on; False where it is active already. Raises Conflict for one that has ended."""
    if task.status in ENDED:
        raise Conflict(_NOT_PAUSED.format(task.status))
    if task.status == TaskStatus.ACTIVE:
        return False
    now = due_slots.record_pause(task, actor=actor)
    switch_on(task)
    try:
        plan(task, after=now)
    except ValueError as error:
        raise Conflict(f"The schedule cannot be read ({error}); give the task another one.") from error
    entry = audit.entry("task.resume", task, actor=actor)
    fields = ("status", "paused_at", "pause_note", "failures_in_row", "next_slot", "next_due_at")
    pen.save(task, entry, *fields, is_switched=True)
    return True


def retag(pen: Pen, task: ScheduledTask, tags: Sequence[str], *, actor: str, had: Collection[str] = ()) -> None:
    """Give the task these tags, as an edit does. `had` are those that it had before and that come back.

    Raises Invalid for tags that cannot be, Conflict once cancelled.
    """
    if task.status == TaskStatus.CANCELLED:
        raise Conflict("A cancelled task cannot be edited; duplicate it instead.")
    problems = Problems()
    kept = check_tags(problems, tags, known=[*task.tags, *had])
    if problems:
        raise Invalid("The task was not accepted; see the fields.", fields=problems.fields)
    was, before = revisions.chosen_values(task), {"tags": task.tags}
    task.tags = kept
    pen.save(task, audit.entry("task.update", task, actor=actor, before=before, after={"tags": kept}), "tags")
    revisions.revision_add(task, was, actor=actor)


def delete(pen: Pen, task: ScheduledTask, *, actor: str) -> None:
    """Take the task away; what is due by now has its run, which is cancelled."""
    if not due_slots.may_have_come(task, by=pen.now + _SOON):
        pen.delete(task, actor=actor)
        return
    entry = endings.deletion(task, actor=actor)
    endings.end(task, task.status if task.status in ENDED else TaskStatus.CANCELLED, actor=actor)
    task.deleted_at = db_now()
    pen.save_whole(task, entry)


def switch_on(task: ScheduledTask) -> None:
    """Make it active; it is not planned yet."""
    task.status, task.paused_at, task.pause_note = TaskStatus.ACTIVE, None, ""
    task.failures_in_row = 0


def switch_off(task: ScheduledTask) -> None:
    """Make an active one paused."""
    if task.status == TaskStatus.ACTIVE:
        task.status, task.paused_at = TaskStatus.PAUSED, db_now()
        task.next_due_at = None  # next_slot stays: the first slot that the pause takes


def plan(task: ScheduledTask, *, after: datetime) -> None:
    """Set the next slot after `after`. A paused task keeps it aside: it is the first one that the pause takes."""
    task.next_slot = task.next_due_at = None
    if task.status in ENDED:
        return
    planning.plan_after(task, after)
    if task.status == TaskStatus.PAUSED:
        task.next_due_at = None
    elif task.kind != TaskKind.MANUAL and task.next_slot is None:
        task.status = TaskStatus.COMPLETED
