"""Fetching what an address names, for this person: what one may not see does not exist."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.http import Http404

from tasks_app.errors import Forbidden, NotFound
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Deed
from tasks_app.selectors.runs import run_get
from tasks_app.selectors.tasks import task_get
from tasks_app.web.page import Request


def task_or_404(request: Request, task_id: uuid.UUID, deed: Deed = Deed.VIEW) -> ScheduledTask:
    """Give the task if this person may do this with it."""
    with missing_or_refused():
        return task_get(request.user, task_id, deed)


def task_or_none(request: Request, task_id: uuid.UUID | None) -> ScheduledTask | None:
    """Give the task if there is one that this person may see; a deleted one still has runs, but no page."""
    try:
        return task_get(request.user, task_id) if task_id else None
    except NotFound:
        return None


def run_or_404(request: Request, run_id: uuid.UUID, deed: Deed = Deed.VIEW) -> TaskRun:
    """Give the run if this person may do this with it."""
    with missing_or_refused():
        return run_get(request.user, run_id, deed)


@contextmanager
def missing_or_refused() -> Iterator[None]:
    """Answer with the pages "not found" and "not allowed" where a selector says so."""
    try:
        yield
    except NotFound as error:
        raise Http404 from error
    except Forbidden as error:
        raise PermissionDenied(error.message) from error
