"""Who may see and change what: the one rule that every face asks.

Owners see and manage their own; staff see and manage all. What a person may not see does not exist for them.
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from tasks_app.handlers import registry
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.models import Batch, ScheduledTask, StoredFile, TaskRun

Person = AbstractBaseUser | AnonymousUser


def sees_all(user: Person) -> bool:
    """Staff see everybody's tasks and runs, and the platform's own."""
    return bool(user.is_authenticated and user.is_active and getattr(user, "is_staff", False))


def can_see(user: Person, owner_id: int | None) -> bool:
    """Say whether the user may see, and so manage, what `owner_id` owns; None is the platform."""
    return sees_all(user) or (bool(user.is_authenticated and user.is_active) and owner_id == user.pk)


def is_operator(user: Person) -> bool:
    """Operators manage queues and see workers."""
    return sees_all(user)


def shows_payload(user: Person, thing: ScheduledTask | TaskRun) -> bool:
    """Say whether the user may read the payload of a task or run: that of a sensitive type is for its owner alone."""
    if thing.owner_id == user.pk:
        return True
    try:
        return not registry.get(thing.type).sensitive
    except KeyError:
        return True


def why_not(user: Any, spec: HandlerSpec) -> str:
    """Say why nothing of this type may run on the user's behalf; "" when it may. None is the platform."""
    reason = spec.why_off() if spec.why_off else ""
    if reason or user is None or not spec.permission:
        return reason
    allowed = user.is_active and user.has_perm(spec.permission)
    return "" if allowed else f"You may not use “{spec.title}”; an administrator can give you the permission."


def visible_tasks(user: Person) -> QuerySet[ScheduledTask]:
    """The tasks that the user may see; tombstones are not among them."""
    return _scoped(user, ScheduledTask.objects.filter(deleted_at=None))


def visible_runs(user: Person) -> QuerySet[TaskRun]:
    """The runs that the user may see, those of deleted tasks included."""
    return _scoped(user, TaskRun.objects.all())


def visible_batches(user: Person) -> QuerySet[Batch]:
    """The batches that the user may see, those of deleted tasks included."""
    return _scoped(user, Batch.objects.all())


def visible_files(user: Person) -> QuerySet[StoredFile]:
    """The files that the user may see; backups, which hold everybody's data, are for staff alone."""
    files = StoredFile.objects.all()
    return _scoped(user, files if sees_all(user) else files.exclude(purpose=StoredFile.Purpose.BACKUP))


def _scoped(user: Person, rows: QuerySet[Any]) -> QuerySet[Any]:
    if sees_all(user):
        return rows
    if not (user.is_authenticated and user.is_active):
        return rows.none()
    return rows.filter(owner_id=user.pk)
