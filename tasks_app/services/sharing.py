"""Sharing a task with a user or a group, and taking that back.

Open sockets hear of it within ten seconds, when they next ask who they belong to; everything else at its next request.
"""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from tasks_app.errors import Conflict, Invalid, NotFound
from tasks_app.models import ScheduledTask, TaskShare
from tasks_app.services import audit
from tasks_app.services.quotas import naming
from tasks_app.services.validation import Problems, check_choice

MOST = 200
_NOBODY = {"user": "There is no such user to share with.", "group": "There is no such group to share with."}


def share_set(*, task: ScheduledTask, level: str, actor: str, user: str = "", group: str = "") -> TaskShare:
    """Share the task with a user or a group, or change the level at which it is. Names are taken exactly.

    The caller has checked that the actor manages the task. A user who was disabled is told apart from one who never was
    by nobody: both are unknown here. Raises TooMany for somebody who tries one name after the other.
    """
    if bool(user) == bool(group):
        raise Invalid.at("group" if group else "user", "required", "Name either a user or a group.")
    problems = Problems()
    check_choice(problems, "level", level, TaskShare.Level.values)
    with naming(actor):
        receiver = _user(problems, task, user) if user else _group(problems, group)
        if receiver is None:
            raise _refused(problems)
    if problems:
        raise _refused(problems)
    return _share(task, level, receiver, actor)


@transaction.atomic
def _share(task: ScheduledTask, level: str, receiver: dict[str, Any], actor: str) -> TaskShare:
    ScheduledTask.objects.select_for_update(of=("self",)).get(pk=task.pk)
    share = TaskShare.objects.filter(task=task, **receiver).first()
    before = {"level": share.level} if share else {}
    if share is None:
        if TaskShare.objects.filter(task=task).count() >= MOST:
            raise Conflict(f"It is shared with {MOST} already; share it with a group of people instead.")
        share = TaskShare(task=task, created_by=actor[:200], **receiver)
    share.level = level
    share.save()
    if before != {"level": level}:
        audit.note("task.share", task, actor=actor, before=before, after={"level": level}, note=_with(share))
    return share


@transaction.atomic
def share_remove(*, task: ScheduledTask, actor: str, user: str = "", group: str = "") -> None:
    """Take the share back; what it allowed ends with it. Raises NotFound where there is none."""
    if bool(user) == bool(group):
        raise Invalid.at("group" if group else "user", "required", "Name either a user or a group.")
    mine = TaskShare.objects.filter(task=task)
    found = mine.filter(user__username=user) if user else mine.filter(group__name=group)
    share = found.select_for_update(of=("self",)).first()
    if share is None:
        raise NotFound("It is not shared with this one.")
    audit.note("task.unshare", task, actor=actor, before={"level": share.level}, note=_with(share))
    share.delete()


def _refused(problems: Problems) -> Invalid:
    return Invalid("The task was not shared; see the fields.", fields=problems.fields)


def _with(share: TaskShare) -> str:
    """Tell the audit log with whom."""
    return f"with the {'user' if share.user_id else 'group'} {share.receiver}"


def _user(problems: Problems, task: ScheduledTask, name: str) -> dict[str, User] | None:
    found = User.objects.filter(username=name, is_active=True).first() if _is_storable(name) else None
    if found is None:
        problems.add("user", "unknown", _NOBODY["user"])
        return None
    if found.pk == task.owner_id:
        problems.add("user", "owner", "The task belongs to them already.")
    return {"user": found}


def _group(problems: Problems, name: str) -> dict[str, Group] | None:
    found = Group.objects.filter(name=name).first() if _is_storable(name) else None
    if found is None:
        problems.add("group", "unknown", _NOBODY["group"])
        return None
    return {"group": found}


def _is_storable(name: str) -> bool:
    """No database takes a NUL or a lone surrogate even to look for it."""
    return name.isprintable()
