"""The versions of a task: who has changed what and when, and putting it back."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tasks_app.errors import CarillonError, Stale
from tasks_app.models import ScheduledTask, TaskRevision
from tasks_app.selectors.access import Deed
from tasks_app.selectors.revisions import revision_get
from tasks_app.services.audit_values import sized
from tasks_app.services.revision_restoring import task_restore
from tasks_app.services.revisions import KEPT, Told, revision_against_now, revision_story
from tasks_app.states import TaskStatus
from tasks_app.web import query, words
from tasks_app.web.field_words import Difference, label, value
from tasks_app.web.objects import missing_or_refused, task_or_404
from tasks_app.web.page import Request, actor_of, page, render, status_of

_NAMED = 2


@require_safe
@page
def task_versions(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """List the versions that are kept, each with what it has changed."""
    task = task_or_404(request, task_id, Deed.MANAGE)
    story = revision_story(request.user, task)
    context = {
        "task": task,
        "versions": [(told.revision, differences(told)) for told in story],
        "kept": KEPT,
        "is_full": len(story) >= KEPT,
        "can_restore": task.status != TaskStatus.CANCELLED,
    }
    return render(request, "pages/task-versions.html", context)


@require_safe
@page
def task_version(request: Request, task_id: uuid.UUID, version: int) -> HttpResponse:
    """Show what putting the task back to one version would change, with the button that does it."""
    task = task_or_404(request, task_id, Deed.MANAGE)
    return _draw(request, task, _revision(task, version))


@require_POST
@page
def task_restore_to(request: Request, task_id: uuid.UUID, version: int) -> HttpResponse:
    """Put the task back; a version that is not accepted any more says at which fields."""
    task = task_or_404(request, task_id, Deed.MANAGE)
    revision = _revision(task, version)
    try:
        done = task_restore(
            user=request.user,
            task=task,
            revision=revision,
            actor=actor_of(request),
            expected_version=query.whole(request.POST, "seen"),
        )
    except Stale:
        text = "Somebody has changed this task since you opened this page. Look again at what would change."
        messages.warning(request, text)
        return _draw(request, task, revision, status=412)
    except CarillonError as error:
        return _draw(request, task, revision, refusal=error, status=status_of(error))
    if done.version == task.version:
        messages.success(request, f"Nothing to do: the task is as it was in version {version}.")
    else:
        messages.success(request, f"The task is as it was in version {version}. This is version {done.version}.")
    return redirect("task-detail", task_id=task.pk)


def differences(told: Told) -> list[Difference]:
    """Give what differs, field by field, in words."""
    before, after = sized(told.before), sized(told.after)
    names = dict.fromkeys((*before, *after))
    return [Difference(label(name), value(before, name), value(after, name)) for name in names]


def overtaken(request: Request, task: ScheduledTask) -> dict[str, Any]:
    """Tell who has changed a task since its form was opened, and what, the newest first."""
    opened = query.whole(request.POST, "version") or 0
    newer = [told for told in revision_story(request.user, task) if told.revision.version > opened]
    actors = dict.fromkeys(told.revision.actor for told in newer)
    return {
        "said": _overtaken_by([actor for actor in actors if actor], own=actor_of(request)),
        "versions": [(told.revision, differences(told)) for told in newer],
    }


def _overtaken_by(actors: list[str], *, own: str) -> str:
    """Say who it was; of who it was that paused or resumed it, its versions do not tell."""
    if actors == [own]:
        return "You have changed this task elsewhere since you opened it here."
    if len(actors) > _NAMED:
        return "Several people have changed this task since you opened it."
    who = " and ".join(words.actor(one) for one in actors) or "Somebody"
    return f"{who} {'have' if len(actors) > 1 else 'has'} changed this task since you opened it."


def _revision(task: ScheduledTask, version: int) -> TaskRevision:
    with missing_or_refused():
        return revision_get(task, version)


def _draw(
    request: Request,
    task: ScheduledTask,
    revision: TaskRevision,
    *,
    refusal: CarillonError | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "task": task,
        "revision": revision,
        "differences": differences(revision_against_now(request.user, task, revision)),
        "refusal": refusal,
        "faults": _faults(refusal),
        "can_restore": task.status != TaskStatus.CANCELLED,
        "back": reverse("task-versions", args=[task.pk]),
    }
    return render(request, "pages/task-version.html", context, status=status)


def _faults(refusal: CarillonError | None) -> list[tuple[str, str]]:
    if refusal is None:
        return []
    return [(label(path), fault.message) for path, faults in refusal.fields.items() for fault in faults]
