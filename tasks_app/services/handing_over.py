"""Handing a person's tasks to another: each is checked again for the new owner, and goes with its history or stays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from tasks_app import beat_sync
from tasks_app.errors import CarillonError, Forbidden
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


@dataclass(frozen=True)
class Given:
    """A task that was looked at; with a reason it stays."""

    task: ScheduledTask
    reason: str


def tasks_hand_over(*, by: User, giver: User, receiver: User) -> HandedOver:
    """Make `receiver` the owner of every task of `giver` that may run on their behalf.

    Credentials, calendars, templates and files are meant by their owner's names, so a payload that names one stays
    behind until the receiver has it too. Each task is a transaction of its own. For people who wait there is
    `hand_overs`, which does the same in steps.
    """
    check_hand_over(by=by, giver=giver, receiver=receiver)
    done = HandedOver()
    if giver.pk == receiver.pk:
        return done
    for task_id in list(tasks_to_give(giver)):
        given = task_give(task_id, by=by, giver=giver, receiver=receiver)
        if given is None:
            continue
        if given.reason:
            done.kept.append((given.task, given.reason))
            continue
        while not history_follow(task_id, giver.pk, is_over=lambda: True):
            pass
        figures_follow([task_id], giver.pk)
        done.moved.append(given.task)
    return done


def check_hand_over(*, by: User, giver: User, receiver: User) -> None:
    """Raise Forbidden unless `by` may hand the tasks of one to the other."""
    if not (manages_people(by) and manages_all(by)):
        raise Forbidden("You may not hand over what belongs to others.")
    if not all(may_touch(by, person) for person in (giver, receiver)) or not receiver.is_active:
        raise Forbidden("You may not hand over the tasks of this person, or not to this one.")


def tasks_to_give(giver: User) -> QuerySet[ScheduledTask, UUID]:
    """The ids of the tasks that are the giver's now, in the order in which everybody locks tasks."""
    return ScheduledTask.objects.filter(owner=giver, deleted_at=None).order_by("pk").values_list("pk", flat=True)


@transaction.atomic
def task_give(task_id: UUID, *, by: User, giver: User, receiver: User) -> Given | None:
    """Give one task, or say why it stays; None where it has meanwhile gone to somebody else, or was deleted."""
    rows = ScheduledTask.objects.select_for_update(of=("self",), no_key=True).select_related("owner", "calendar")
    task = rows.filter(pk=task_id, owner=giver, deleted_at=None).first()
    if task is None:
        return None
    try:
        reason = _why_not(task, by, receiver)
    except CarillonError as error:  # of this task alone, such as a stored secret that cannot be read
        reason = error.message
    if not reason:
        _move(task, by, receiver)
    return Given(task, reason)


@transaction.atomic
def history_follow(task_id: UUID, giver_id: int, *, is_over: Callable[[], bool]) -> bool:
    """Let runs, batches and files follow to whoever has the task now, a few thousand at a time; says whether all have.

    The owner is read under the lock: somebody may have handed the task on while its history was on its way.
    """
    owner_id = _owner_now(task_id)
    if owner_id in (None, giver_id):
        return True
    for model in (TaskRun, Batch, StoredFile):
        rows = model._default_manager.filter(task=task_id, owner_id=giver_id)
        while ids := list(rows.values_list("pk", flat=True)[:_AT_ONCE]):
            model._default_manager.filter(pk__in=ids).update(owner_id=owner_id)
            if is_over():
                return False
    return True


@transaction.atomic
def figures_follow(task_ids: Sequence[UUID], giver_id: int) -> None:
    """Let the figures follow, after the tasks of a transaction are all locked: who counts waits until it ends."""
    for task_id in task_ids:
        owner_id = _owner_now(task_id)
        if owner_id not in (None, giver_id):
            rollups_hand_over(task_id, giver_id=giver_id, receiver_id=owner_id)


def _owner_now(task_id: UUID) -> int | None:
    """Read who has the task, and keep it so; a lock that lets runs be made meanwhile."""
    rows = ScheduledTask.objects.select_for_update(of=("self",), no_key=True).filter(pk=task_id)
    return rows.values_list("owner_id", flat=True).first()


def _move(task: ScheduledTask, by: User, receiver: User) -> None:
    actor, was = f"user:{by.get_username()}", chosen_values(task)
    before, after = {"owner": task.owner.get_username()}, {"owner": receiver.get_username()}
    task.owner = receiver
    task.version += 1
    task.save(force_update=True)
    TaskShare.objects.filter(task=task, user=receiver).delete()
    beat_sync.mirror(task)
    revision_add(task, was, actor=actor)
    audit.note("task.hand_over", task, actor=actor, user_id=by.pk, before=before, after=after)


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
