"""Plain Celery tasks that people may schedule: nothing is offered unless an app says so, one line each.

    from tasks_app.handlers.celery import offer_task

    offer_task("billing.tasks.send_invoice", title="Send an invoice")

in an app's `task_handlers.py`. The task itself is looked up when it is needed, so the line may come before its module.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from celery import Task, current_app

from tasks_app.errors import CarillonError
from tasks_app.handlers.spec import BadHandler


class NotOffered(CarillonError):
    """No app offers this task, or there is no code for it."""

    code = "not_offered"


@dataclass(frozen=True)
class Offer:
    """A Celery task that people may schedule; `name` is Celery's."""

    name: str
    title: str
    description: str = ""


_offers: dict[str, Offer] = {}


def offer_task(task: "str | Task[..., Any]", *, title: str = "", description: str = "") -> None:
    """Let people schedule a Celery task, given by its name or itself."""
    name = task if isinstance(task, str) else task.name
    if not isinstance(name, str) or not name:
        raise BadHandler(f"{task!r} is no Celery task, nor the name of one")
    if name in _offers:
        raise BadHandler(f"the Celery task {name!r} is offered twice")
    _offers[name] = Offer(name, title or name.rpartition(".")[2].replace("_", " ").capitalize(), description)


def offer_all() -> list[Offer]:
    """Give every offer, by name."""
    return sorted(_offers.values(), key=lambda offer: offer.name)


def offered_task(name: str) -> "Task[..., Any]":
    """Give the Celery task of that name; raise `NotOffered` when it is not offered, or its code has gone."""
    if name not in _offers:
        raise NotOffered(f"No app offers the Celery task {name[:200]!r}.")
    if name not in current_app.tasks:
        _import(name)
    try:
        found: Task[..., Any] = current_app.tasks[name]
    except KeyError:
        raise NotOffered(f"The Celery task {name!r} is offered, but there is no code for it.") from None
    return found


def _import(name: str) -> None:
    """Import the modules that Celery would import, and the one that the name speaks of."""
    current_app.loader.import_default_modules()
    module = name.rpartition(".")[0]
    if name in current_app.tasks or not module:
        return
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
