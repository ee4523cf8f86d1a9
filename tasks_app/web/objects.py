"""Fetching what an address names, for this person: what one may not see does not exist."""

import uuid

from django.http import Http404

from tasks_app.errors import NotFound
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.runs import run_get
from tasks_app.selectors.tasks import task_get
from tasks_app.web.page import Request


def task_or_404(request: Request, task_id: uuid.UUID) -> ScheduledTask:
    """Give the task if this person may see it."""
    try:
        return task_get(request.user, task_id)
    except NotFound as error:
        raise Http404 from error


def task_or_none(request: Request, task_id: uuid.UUID | None) -> ScheduledTask | None:
    """Give the task if there is one that this person may see; a deleted one still has runs, but no page."""
    try:
        return task_get(request.user, task_id) if task_id else None
    except NotFound:
        return None


def run_or_404(request: Request, run_id: uuid.UUID) -> TaskRun:
    """Give the run if this person may see it."""
    try:
        return run_get(request.user, run_id)
    except NotFound as error:
        raise Http404 from error
