"""Who may see and do what: the one rule that every face asks.

Owners do everything with their own. A share lets others see, run or manage one task. The roles let people do so with
everybody's: each is a Django group over the permissions named here. What a person may not see does not exist for them
(`NotFound`); what they may see and not do is refused (`Forbidden`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, PermissionsMixin
from django.db.models import Q, QuerySet

from tasks_app.errors import Forbidden
from tasks_app.handlers import registry
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.models import Batch, RunRollup, ScheduledTask, StoredFile, TaskRun, TaskShare
from tasks_app.models.rollup import EVERYBODY, NO_TASK
from tasks_app.selectors.any_of import Ids, any_of
from tasks_app.selectors.type_rules import type_rule

Person = AbstractBaseUser | AnonymousUser
Thing = ScheduledTask | TaskRun | Batch
HOLDERS = 50


class Deed(StrEnum):
    """What a person wants to do with a task, or with a run or batch of it. CANCEL: also pause and resume."""

    VIEW = "view"
    RUN = "run"
    CANCEL = "cancel"
    MANAGE = "manage"


_LEVELS: dict[Deed, tuple[str, ...]] = {
    Deed.VIEW: tuple(TaskShare.Level),
    Deed.RUN: (TaskShare.Level.RUN, TaskShare.Level.MANAGE),
    Deed.CANCEL: (TaskShare.Level.RUN, TaskShare.Level.MANAGE),
    Deed.MANAGE: (TaskShare.Level.MANAGE,),
}
_REFUSED = {
    Deed.VIEW: "You may not see this.",
    Deed.RUN: "You may see this, but not run it.",
    Deed.CANCEL: "You may see this, but not stop it or let it go on.",
    Deed.MANAGE: "You may see this, but not change it.",
}


def has_right(user: Person, codename: str) -> bool:
    """Say whether the user holds a permission of the platform, by role or alone; the disabled hold none."""
    return isinstance(user, PermissionsMixin) and user.is_active and user.has_perm(f"tasks_app.{codename}")


def may(user: Person, deed: Deed, thing: Thing) -> bool:
    """Say whether the user may do this with a task, run or batch that they may see."""
    if not (user.is_authenticated and user.is_active):
        return False
    if thing.owner_id == user.pk or has_right(user, f"{deed}_all"):
        return True
    if isinstance(thing, ScheduledTask):
        # To pause a task or end it for good is more than to stop one of its runs.
        return _is_shared(user, thing.pk, Deed.MANAGE if deed is Deed.CANCEL else deed)
    return thing.task_id is not None and _is_shared(user, thing.task_id, deed)


def require(user: Person, deed: Deed, thing: Thing) -> None:
    """Raise Forbidden unless the user may do this."""
    if not may(user, deed, thing):
        raise Forbidden(_REFUSED[deed])


def require_type(user: Person, type_name: str) -> None:
    """Raise Forbidden where the user may not use a task type: nobody words work that another's rights then do."""
    try:
        reason = why_not(user, registry.get(type_name))
    except KeyError:
        return
    if reason:
        raise Forbidden(reason)


def require_change(user: Person, owner_id: int | None) -> None:
    """Raise Forbidden unless the user may change what `owner_id` owns and nobody shares."""
    if not can_change(user, owner_id):
        raise Forbidden(_REFUSED[Deed.MANAGE])


def deeds_with(user: Person, thing: Thing) -> dict[str, bool]:
    """Say of each deed whether the user may do it: for pages, which show no button that would be refused."""
    return {deed.value: may(user, deed, thing) for deed in Deed}


def sees_all(user: Person) -> bool:
    """Say whether the user sees everybody's tasks and runs, and the platform's own."""
    return has_right(user, "view_all")


def manages_all(user: Person) -> bool:
    """Say whether the user may change what belongs to others, and share calendars and templates with everybody."""
    return has_right(user, "manage_all")


def can_see(user: Person, owner_id: int | None) -> bool:
    """Say whether the user may see what `owner_id` owns and nobody shares; None is the platform."""
    return sees_all(user) or (bool(user.is_authenticated and user.is_active) and owner_id == user.pk)


def can_change(user: Person, owner_id: int | None) -> bool:
    """Say whether the user may change what `owner_id` owns and nobody shares."""
    return manages_all(user) or (bool(user.is_authenticated and user.is_active) and owner_id == user.pk)


def is_operator(user: Person) -> bool:
    """Operators manage queues and see workers."""
    return has_right(user, "manage_queues")


def is_staff(user: Person) -> bool:
    """Staff may enter the Django admin and Flower."""
    return bool(user.is_authenticated and user.is_active and getattr(user, "is_staff", False))


def reads_mailbox(user: Person) -> bool:
    """Everybody's mail lies there, with the links to new passwords: a superuser's account is for superusers."""
    return bool(user.is_authenticated and user.is_active and getattr(user, "is_superuser", False))


def shows_payload(user: Person, thing: ScheduledTask | TaskRun) -> bool:
    """Say whether the user may read the payload of a task or run; that of a sensitive type needs a permission."""
    if thing.owner_id == user.pk:
        return True
    try:
        return not registry.get(thing.type).sensitive or has_right(user, "see_payloads")
    except KeyError:
        return True


def why_not(user: Any, spec: HandlerSpec, *, is_restricted: bool | None = None) -> str:
    """Say why nothing of this type may run on the user's behalf; "" when it may. None is the platform.

    `is_restricted`: what the type's rule says, where the caller has read it already, as lists of types do.
    """
    reason = spec.why_off() if spec.why_off else ""
    if reason or user is None:
        return reason
    needed = spec.permission
    if not needed and (type_rule(spec.name).is_restricted if is_restricted is None else is_restricted):
        needed = f"tasks_app.{schedule_permission(spec.name)}"
    allowed = not needed or (user.is_active and user.has_perm(needed))
    return "" if allowed else f"You may not use “{spec.title}”; an administrator can give you the permission."


def reaches_private(owner: Any) -> bool:
    """Say whether what runs on this user's behalf may call addresses inside the network; None is the platform.

    Either everybody's work may, by ALLOW_PRIVATE_ADDRESSES, or that of owners with the permission, where
    PRIVATE_NETWORKS_BY_PERMISSION makes it count. The owner's right decides and not that of whoever edits or starts a
    task, because it is the owner's work: so nobody borrows it by sharing. Asked when a task is saved and again before
    each request of a run.
    """
    if settings.ALLOW_PRIVATE_ADDRESSES:
        return True
    return settings.PRIVATE_NETWORKS_BY_PERMISSION and owner is not None and has_right(owner, "reach_private_networks")


def owner_reaches_private(owner_id: int | None) -> bool:
    """As `reaches_private`, for an owner by id, whose rights are read as they are now."""
    if settings.ALLOW_PRIVATE_ADDRESSES or not settings.PRIVATE_NETWORKS_BY_PERMISSION:
        return reaches_private(None)
    return reaches_private(get_user_model().objects.filter(pk=owner_id or 0).first())


def anybody_reaches_private() -> bool:
    """Say whether an address inside the network may be right at all, before it is known on whose behalf."""
    return bool(settings.ALLOW_PRIVATE_ADDRESSES or settings.PRIVATE_NETWORKS_BY_PERMISSION)


def schedule_permission(type_name: str) -> str:
    """Name the permission to use a task type that an administrator has restricted."""
    return f"schedule_{type_name.replace('.', '_')}"[:100]


@dataclass(frozen=True)
class Holders:
    """Roles first, then people, who hold a permission."""

    names: list[str]
    is_more: bool


def type_holders(spec: HandlerSpec) -> Holders:
    """Say who holds the permission of a type, by role or alone; superusers, who hold every one, are left out."""
    wanted = spec.permission.rpartition(".")[2] or schedule_permission(spec.name)
    groups = Group.objects.filter(permissions__codename=wanted).order_by("name")
    people = get_user_model().objects.filter(user_permissions__codename=wanted, is_active=True, is_superuser=False)
    names = [f"the role {name}" for name in groups.values_list("name", flat=True)[: HOLDERS + 1]]
    names += people.order_by("username").values_list("username", flat=True)[: HOLDERS + 1]
    return Holders(names[:HOLDERS], len(names) > HOLDERS)


def visible_tasks(user: Person) -> QuerySet[ScheduledTask]:
    """The tasks that the user may see; tombstones are not among them."""
    return _scoped(user, ScheduledTask.objects.filter(deleted_at=None), shared_by="id")


def deleted_tasks(user: Person) -> QuerySet[ScheduledTask]:
    """The tombstones of the tasks that the user might see."""
    return _scoped(user, ScheduledTask.objects.exclude(deleted_at=None), shared_by="id")


def visible_runs(user: Person, *, with_shared: bool = True) -> QuerySet[TaskRun]:
    """The runs that the user may see, those of deleted tasks included; if wanted, without those of shared tasks."""
    return _scoped(user, TaskRun.objects.all(), shared_by="task_id" if with_shared else "")


def visible_rollups(user: Person, task_id: UUID) -> QuerySet[RunRollup]:
    """The figures of a task's runs, as far as the user may see them."""
    return _scoped(user, RunRollup.objects.filter(task_id=task_id), shared_by="task_id")


def own_rollups(user: Person) -> QuerySet[RunRollup]:
    """The figures of all runs that the user may see but for those of tasks that others share with them."""
    totals = RunRollup.objects.filter(task_id=NO_TASK)
    return totals.filter(owner_id=EVERYBODY) if sees_all(user) else _scoped(user, totals)


def visible_batches(user: Person) -> QuerySet[Batch]:
    """The batches that the user may see, those of deleted tasks included."""
    return _scoped(user, Batch.objects.all(), shared_by="task_id")


def visible_files(user: Person) -> QuerySet[StoredFile]:
    """The files that the user may see; backups, which hold everybody's data, are for those who may make them."""
    files = StoredFile.objects.all()
    may_see_backups = has_right(user, "back_up_database")
    rows = files if may_see_backups else files.exclude(purpose=StoredFile.Purpose.BACKUP)
    return _scoped(user, rows, shared_by="task_id")


def tasks_open_to(user: Person, deed: Deed, tasks: QuerySet[ScheduledTask]) -> QuerySet[ScheduledTask]:
    """Of tasks that the user may see, those with which they may do this: for many what `may` says of one."""
    if not (user.is_authenticated and user.is_active):
        return tasks.none()
    if has_right(user, f"{deed}_all"):
        return tasks
    levels = _LEVELS[Deed.MANAGE if deed is Deed.CANCEL else deed]
    shared = Ids(task_id for task_id, level in _shares_with(user).items() if level in levels)
    return tasks.filter(Q(owner_id=user.pk) | any_of("id", shared))


def open_runs(user: Person, deed: Deed) -> Q:
    """Of runs that the user may see, those with which they may do this: for many what `may` says of one."""
    if not (user.is_authenticated and user.is_active):
        return Q(pk=None)
    if has_right(user, f"{deed}_all"):
        return Q(pk__isnull=False)
    shared = Ids(task_id for task_id, level in _shares_with(user).items() if level in _LEVELS[deed])
    return Q(owner_id=user.pk) | any_of("task_id", shared)


def shared_task_ids(user: Person) -> Ids:
    """The tasks of others that are shared with the user, themselves or a group of theirs."""
    known: Ids = vars(user).get("_shared_ids") or Ids(_shares_with(user))
    vars(user)["_shared_ids"] = known
    return known


def _scoped(user: Person, rows: QuerySet[Any], *, shared_by: str = "") -> QuerySet[Any]:
    if sees_all(user):
        return rows
    if not (user.is_authenticated and user.is_active):
        return rows.none()
    own = Q(owner_id=user.pk)
    # The ids are read first: an OR with a subquery would make PostgreSQL read every run.
    shared = shared_task_ids(user) if shared_by else None
    return rows.filter(own | any_of(shared_by, shared)) if shared else rows.filter(own)


def _is_shared(user: Person, task_id: UUID, deed: Deed) -> bool:
    return _shares_with(user).get(task_id) in _LEVELS[deed]


def _shares_with(user: Person) -> dict[UUID, str]:
    """The highest level at which each task is shared with the user; asked once for a user object."""
    known: dict[UUID, str] | None = getattr(user, "_task_shares", None)
    if known is None:
        known, me = {}, user.pk or 0  # nobody is not whom no group names
        # Together they find rows by their indexes; an OR of them would read every share that there is.
        own, of_groups = TaskShare.objects.filter(user_id=me), TaskShare.objects.filter(group__user=me)
        rank = list(TaskShare.Level)
        for task_id, level in own.union(of_groups).values_list("task_id", "level"):
            if task_id not in known or rank.index(TaskShare.Level(level)) > rank.index(TaskShare.Level(known[task_id])):
                known[task_id] = level
        user._task_shares = known  # type: ignore[union-attr]  # for the life of this object, as Django does with rights
    return known
