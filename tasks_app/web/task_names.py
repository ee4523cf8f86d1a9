"""Tasks as choices of a form: typed by name, with suggestions out of what this person may see."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tasks_app.handlers import registry
from tasks_app.selectors.queue_names import queue_names
from tasks_app.selectors.task_names import names_of_tasks, task_ids_in, task_names, tasks_named
from tasks_app.web import query
from tasks_app.web.forms.choices import choice_source
from tasks_app.web.forms.pick import NotOne, Source, pick_source
from tasks_app.web.page import Request, page, render

_MOST_FOUND = 50


@require_safe
@page
def task_name_offers(request: Request) -> HttpResponse:
    """Give the options of a list of suggestions."""
    names = task_names(request.user, request.user, query.text(request.GET, "q"), _MOST_FOUND)
    return render(request, "parts/fields/offers.html", {"names": names[:_MOST_FOUND]})


def _find(owner: Any, editor: Any, text: str) -> str:
    """Give the id that a name, or a text with an id in it, means; whether the owner has it is for the type to say."""
    ids = task_ids_in(text)
    if len(ids) == 1:
        return ids[0]
    found = tasks_named(owner, editor, text)
    if not found:
        raise NotOne(f"There is no task “{text[:80]}”. Choose one from the list, or give its id.")
    if len(found) > 1:
        raise NotOne("Several tasks have this name. Choose the one you mean from the list, or give its id.")
    return str(found[0])


def _names(owner: Any, editor: Any, values: Sequence[str]) -> Mapping[str, str]:
    ids = {value: UUID(value) for value in values if task_ids_in(value) == [value.lower()]}
    known = names_of_tasks(owner, editor, ids.values())
    return {value: known[task_id] for value, task_id in ids.items() if task_id in known}


pick_source("tasks", Source(task_names, _find, _names, search="task-names"))
choice_source(
    "task-types",
    lambda user: ((spec.name, spec.title) for spec in registry.all()),
    lent=lambda owner, editor: ((spec.name, spec.title) for spec in registry.all()),
)
choice_source(
    "queues",
    lambda user: ((name, name) for name in queue_names()),
    lent=lambda owner, editor: ((name, name) for name in queue_names()),
)
