"""The admin's first page: how many of what, where to go, and what is wrong with the platform."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from tasks_app.selectors import health, home
from tasks_app.selectors.access import is_operator
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.health import Finding
from tasks_app.selectors.run_counts import open_counts
from tasks_app.selectors.trouble import troubles

SHOWN = 8
PAGES = (
    ("Home", "home"),
    ("Tasks", "task-list"),
    ("Runs", "run-list"),
    ("What went wrong", "run-groups"),
    ("Upcoming", "upcoming"),
    ("Settings", "settings"),
)
PAGES_OF_OPERATORS = (("Queues", "queue-list"), ("Workers", "worker-list"))


@dataclass(frozen=True)
class Card:
    """A number, what it counts, and the list behind it."""

    words: str
    count: int
    href: str
    is_grave: bool = False

    @property
    def shown(self) -> str:
        """The number, as far as it was counted."""
        return f"{COUNTED - 1:,}+" if self.count >= COUNTED else f"{self.count:,}"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the numbers to the first page (unfold's DASHBOARD_CALLBACK)."""
    return {
        **context,
        "cards": list(_cards(request)),
        "faults": _faults(),
        "failed": home.needs_person(request.user)[:SHOWN] if _sees_runs(request) else (),
        "running": home.running_now(request.user)[:SHOWN] if _sees_runs(request) else (),
        "pages": [(words, reverse(name)) for words, name in _pages(request)],
    }


def _faults() -> list[Finding]:
    """What `/statusz` finds wrong: what the home page says of it, and tables that this code does not know."""
    found = troubles()
    if all(fault.is_asked for fault in found):
        tables = health.migrations()
        found = found if tables.ok else [*found, tables]
    return found


def _pages(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    return PAGES + PAGES_OF_OPERATORS if is_operator(request.user) else PAGES


def _cards(request: HttpRequest) -> Iterator[Card]:
    user = request.user
    if user.has_perm("tasks_app.view_scheduledtask"):
        tasks = reverse("admin:tasks_app_scheduledtask_changelist")
        counts = home.task_counts(user)
        yield Card("active tasks", counts["active"], f"{tasks}?status__exact=active")
        yield Card("paused tasks", counts["paused"], f"{tasks}?status__exact=paused")
    if _sees_runs(request):
        runs = reverse("admin:tasks_app_taskrun_changelist")
        open_now = open_counts(user)
        yield Card("running", open_now["running"], f"{runs}?status__exact=running")
        yield Card("queued", open_now["queued"], f"{runs}?status__exact=queued")
        yield Card("need a person", open_now["needs"], f"{runs}?needs=person", is_grave=open_now["needs"] > 0)
    if user.has_perm("tasks_app.view_worker"):
        alive = len(health.live_workers())
        label = "worker alive" if alive == 1 else "workers alive"
        yield Card(label, alive, reverse("admin:tasks_app_worker_changelist"), is_grave=alive == 0)


def _sees_runs(request: HttpRequest) -> bool:
    return request.user.has_perm("tasks_app.view_taskrun")
