"""The rail: where one can go from everywhere, and the keys that lead there."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from tasks_app.selectors.access import is_operator, is_staff, reads_mailbox

_KEYS = {
    "home": "h",
    "task-list": "t",
    "run-list": "r",
    "upcoming": "u",
    "batch-list": "b",
    "file-list": "f",
    "queue-list": "q",
    "worker-list": "w",
    "settings": "s",
}

_BESIDE = {"upcoming": ("/calendar/",)}
"""Pages that lie beside a place: it leads to them."""


@dataclass(frozen=True)
class Entry:
    """One place in the rail."""

    place: str
    word: str
    icon: str
    href: str
    is_here: bool
    count: str = ""
    is_wide_only: bool = False
    ends_group: bool = False
    key: str = ""


def navigation(user: User, path: str, failed: int) -> list[Entry]:
    """Give the places of the rail that the person may go to; `failed` runs need them."""
    operates = is_operator(user)  # whose bar on a narrow screen would be too full

    def entry(place: str, word: str, icon: str, href: str, **more: Any) -> Entry:
        is_here = path == href if href == "/" else path.startswith((href, *_BESIDE.get(place, ())))
        return Entry(place, word, icon, href, is_here, key=_KEYS.get(place, ""), **more)

    entries = [
        entry("home", "Home", "home", reverse("home")),
        entry("task-list", "Tasks", "tasks", reverse("task-list")),
        entry("run-list", "Runs", "runs", reverse("run-list"), count=badge(failed)),
        entry("upcoming", "Upcoming", "upcoming", reverse("upcoming")),
        entry("batch-list", "Batches", "batches", reverse("batch-list"), is_wide_only=operates),
        entry("collection-list", "Collections", "collections", reverse("collection-list"), is_wide_only=True),
        entry("file-list", "Files", "files", reverse("file-list"), is_wide_only=operates, ends_group=True),
    ]
    if operates:
        entries += [
            entry("queue-list", "Queues", "queues", reverse("queue-list")),
            entry("worker-list", "Workers", "workers", reverse("worker-list")),
        ]
    if reads_mailbox(user):
        entries.append(entry("mailbox", "Mailbox", "mail", reverse("mailbox"), is_wide_only=True))
    if is_staff(user):
        entries += [
            entry("flower", "Flower", "flower", "/flower/", is_wide_only=True),
            entry("admin", "Admin", "shield", "/admin/", is_wide_only=True),
        ]
    entries += [
        entry("api-docs", "API", "code", "/api/docs/", is_wide_only=True),
        entry("settings", "Settings", "settings", reverse("settings")),
    ]
    return entries


def badge(count: int) -> str:
    """Say how many runs failed, in the little room that there is; nothing where none did."""
    return "" if not count else "99+" if count > 99 else str(count)  # noqa: PLR2004


@dataclass(frozen=True)
class Key:
    """A key and what it does."""

    key: str
    does: str


def keys() -> list[Key]:
    """Give the keys besides those of the rail, which are `g` and the place's own."""
    return [
        Key("/", "Search"),
        Key("n", "New task"),
        Key("j", "Next row of a list"),
        Key("k", "Row before"),
        Key("Enter", "Open the row"),
        Key("x", "Tick the row"),
        Key("Esc", "Close what is open"),
        Key("?", "These keys"),
    ]
