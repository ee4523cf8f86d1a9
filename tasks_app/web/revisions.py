"""The versions of a task: who has changed what and when, and putting it back."""

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tasks_app.errors import CarillonError, Stale
from tasks_app.models import CalendarPolicy, OnExhausted, Overlap, ScheduledTask, TaskRevision
from tasks_app.selectors.access import Deed
from tasks_app.selectors.revisions import revision_get
from tasks_app.services.audit_values import sized
from tasks_app.services.revision_restoring import task_restore
from tasks_app.services.revisions import KEPT, Told, revision_against_now, revision_story
from tasks_app.states import TaskStatus
from tasks_app.web import query
from tasks_app.web.audit import Difference
from tasks_app.web.objects import missing_or_refused, task_or_404
from tasks_app.web.page import Request, actor_of, page, render, status_of

_WORDS = {
    "payload.url": "URL",
    "max_runs": "At most so many runs",
    "jitter_seconds": "Jitter, in seconds",
    "spread_seconds": "Spread over, in seconds",
    "starts_at": "Not before",
    "ends_at": "Not after",
    "calendar_policy": "On a day off",
    "timezone": "Time zone",
    "max_retries": "Retries",
    "retry": "Time between attempts",
    "timeout_seconds": "Time limit, in seconds",
    "soft_timeout_seconds": "Soft time limit, in seconds",
    "overlap": "While an earlier run has not ended",
    "misfire": "After an outage",
    "on_exhausted": "When no retry is left",
    "pause_after_failures": "Pause after so many failures in a row",
    "notify_on_failure": "Mail when a run has failed for good",
}
_CHOICES: dict[str, dict[str, str]] = {
    "overlap": dict(Overlap.choices),
    "on_exhausted": dict(OnExhausted.choices),
    "calendar_policy": dict(CalendarPolicy.choices),
}


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
    return [Difference(_label(name), _value(before, name), _value(after, name)) for name in names]


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
    return [(_label(path), fault.message) for path, faults in refusal.fields.items() for fault in faults]


def _label(name: str) -> str:
    words = name.removeprefix("payload.").replace("_", " ")
    return _WORDS.get(name, words[:1].upper() + words[1:])


def _value(values: dict[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    words = _CHOICES.get(name, {}).get(value) if isinstance(value, str) else None
    return words or _said(value)


def _said(value: Any) -> str:
    """Say a value as a person would write it down: a list in a row, an object line by line."""
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, dict) and not any(isinstance(one, list | dict) for one in value.values()):
        return "\n".join(f"{key.replace('_', ' ')}: {_said(one)}" for key, one in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
