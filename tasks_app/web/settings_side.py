"""The side list of the settings: the sections that this person has."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from tasks_app.selectors.access import Person, is_operator
from tasks_app.selectors.people_list import manages_people

_YOURS = (
    ("settings", "You"),
    ("password", "Password"),
    ("second-factor", "Second factor"),
    ("sign-in-list", "Sign-ins"),
    ("api-key-list", "API keys"),
)
_WORK = (
    ("calendar-list", "Calendars"),
    ("email-template-list", "E-mail templates"),
    ("credential-list", "Credentials"),
    ("file-list", "Files"),
    ("type-list", "Task types"),
    ("paused-list", "What is paused"),
)


@dataclass(frozen=True)
class Section:
    """One place in the list."""

    word: str
    href: str
    is_here: bool


@dataclass(frozen=True)
class Sections:
    """Places that belong together."""

    title: str
    entries: list[Section]


def settings_groups(user: Person, path: str) -> list[Sections]:
    """Give the list on a page of the settings; nothing elsewhere."""
    home = reverse("settings")
    if not path.startswith(home) or not user.is_authenticated:
        return []

    def group(title: str, places: Iterable[tuple[str, str]]) -> Sections:
        entries = []
        for name, word in places:
            href = reverse(name)
            entries.append(Section(word, href, path == href if href == home else path.startswith(href)))
        return Sections(title, entries)

    platform = [("audit-log", "Audit log")]
    if manages_people(user):
        platform.insert(0, ("person-list", "People"))
    if is_operator(user):
        platform += [("queue-list", "Queues"), ("worker-list", "Workers")]
    return [group("Yours", _YOURS), group("For tasks", _WORK), group("Platform", platform)]
