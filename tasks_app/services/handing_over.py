"""Handing a person's tasks to another: each is checked again for the new owner, and goes with its history or stays."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction

from tasks_app import beat_sync
from tasks_app.errors import Forbidden
from tasks_app.handlers.locks import with_locked
from tasks_app.models import Batch, ScheduledTask, StoredFile, TaskRun, TaskShare
from tasks_app.selectors.access import manages_all, shows_payload
from tasks_app.selectors.payloads import model_of
from tasks_app.selectors.people_list import manages_people, may_touch
from tasks_app.selectors.type_rules import type_rule
from tasks_app.services import audit, task_calendars
from tasks_app.services.payloads import checked_payload
from tasks_app.services.revisions import chosen_values, revision_add
from tasks_app.services.rollup_moves import rollups_hand_over
from tasks_app.services.sealed_payloads import opened_locks, opened_payload
from tasks_app.services.validation import Problems

_AT_ONCE = 2_000


@dataclass
class HandedOver:
    """What came of it: the tasks that went over, and those that did not, each with the reason."""

    moved: list[ScheduledTask] = field(default_factory=list)
    kept: list[tuple[ScheduledTask, str]] = field(default_factory=list)


def tasks_hand_over(*, by: User, giver: User, receiver: User) -> HandedOver:
    """Make `receiver` the owner of every task of `giver` that may run on their behalf.

    Credentials, calendars, templates and files are meant by their owner's names, so a payload that names one stays
    behind until the receiver has it too. Each task is a transaction of its own.
    """
    if not (manages_people(by) and manages_all(by)):
        raise Forbidden("You may not hand over what belongs to others.")
    if not all(may_touch(by, person) for person in (giver, receiver)) or not receiver.is_active:
        raise Forbidden("You may not hand over the tasks of this person, or not to this one.")
    done = HandedOver()
    if giver.pk == receiver.pk:
        return done
    for task in ScheduledTask.objects.filter(owner=giver, deleted_at=None).order_by("pk"):
        reason = _move(task, by, receiver)
        if reason:
            done.kept.append((task, reason))
        else:
            _move_history(task, giver, receiver)
            rollups_hand_over(task.pk, giver_id=giver.pk, receiver_id=receiver.pk)
            done.moved.append(task)
    return done


@transaction.atomic
def _move(task: ScheduledTask, by: User, receiver: User) -> str:
    task = ScheduledTask.objects.select_for_update(of=("self",)).select_related("calendar").get(pk=task.pk)
    reason = _why_not(task, by, receiver)
    if reason:
        return reason
    actor, was = f"user:{by.get_username()}", chosen_values(task)
    before, after = {"owner": task.owner.get_username()}, {"owner": receiver.get_username()}
    task.owner = receiver
    task.version += 1
    task.save(force_update=True)
    TaskShare.objects.filter(task=task, user=receiver).delete()
    beat_sync.mirror(task)
    revision_add(task, was, actor=actor)
    audit.note("task.hand_over", task, actor=actor, user_id=by.pk, before=before, after=after)
    return ""


def _why_not(task: ScheduledTask, by: User, receiver: User) -> str:
    if by.pk == receiver.pk and not shows_payload(by, task):
        return "Its payload is hidden from you."
    if task.key and ScheduledTask.objects.filter(owner=receiver, key=task.key, deleted_at=None).exists():
        return f"{receiver.get_username()} has a task with the key {task.key} already."
    problems = Problems()
    model = model_of(task.type)
    fixed = opened_locks(task.type, type_rule(task.type).locked)
    payload = with_locked(model, opened_payload(task, is_for_edit=True), fixed)
    checked_payload(problems, task.type, payload, owner=receiver)
    if task.calendar_id is not None:
        task_calendars.chosen(problems, str(task.calendar_id), owner=receiver)
    told = " ".join(
        f"{path.removeprefix('payload.')}: {fault.message}"
        for path, faults in problems.fields.items()
        for fault in faults
    )
    return f"As a task of {receiver.get_username()} it would not be accepted. {told}" if told else ""


def _move_history(task: ScheduledTask, giver: User, receiver: User) -> None:
    """Let the runs, batches and files follow, a few thousand at a time: nobody waits for a long history."""
    for model in (TaskRun, Batch, StoredFile):
        rows = model._default_manager.filter(task=task, owner=giver)
        while ids := list(rows.values_list("pk", flat=True)[:_AT_ONCE]):
            model._default_manager.filter(pk__in=ids).update(owner=receiver)
