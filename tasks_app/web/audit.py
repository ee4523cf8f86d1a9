"""The audit log: who changed, read or was refused what; and the history of one task in it."""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from tasks_app.models import AuditEntry, ScheduledTask
from tasks_app.recurrence.moments import to_text
from tasks_app.selectors.audit import (
    ACTIONS,
    AuditFilters,
    audit_page,
    audit_search,
    entries_of_task,
    sees_audit,
    shows_address,
)
from tasks_app.web import query
from tasks_app.web.page import Request, page, render

SIZE = 50
OF_A_TASK = 10
_DAY = timedelta(days=1)
_KINDS = sorted({action.partition(".")[0] for action in ACTIONS})
_WORDS = ("actor", "action", "object_type", "object", "outcome", "search")
# Where each kind of thing has its page; the others have none of their own.
_PAGES = {
    "task": "task-detail",
    "run": "run-detail",
    "batch": "batch-detail",
    "collection": "collection-detail",
    "calendar": "calendar-edit",
    "credential": "credential-edit",
    "email_template": "email-template-edit",
}


@dataclass(frozen=True)
class Difference:
    """One field, before and after; None where there was or is nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Line:
    """An entry as the page tells it."""

    entry: AuditEntry
    words: str
    href: str
    address: str
    differences: list[Difference]

    @property
    def who(self) -> str:
        """The actor without the word before it, where it is a person."""
        return "somebody" if self.entry.actor == "nobody" else self.entry.actor.removeprefix("user:")

    @property
    def what(self) -> str:
        """What it was done with, where that is somebody or something else."""
        is_same = self.entry.object_type == "user" and self.entry.actor == f"user:{self.entry.object_name}"
        return "" if is_same else self.entry.object_name


@require_safe
@page
def audit_log(request: Request) -> HttpResponse:
    """Show one page of the entries that match."""
    filters = _filters(request)
    before = query.identifier(request.GET, "before")
    entries, older = audit_page(audit_search(request.user, filters), before=before, size=SIZE)
    context = {
        "lines": [line(request, entry) for entry in entries],
        "older": older,
        "is_first_page": before is None,
        "filters": filters,
        "is_filtered": filters.is_any,
        "day_from": query.text(request.GET, "from"),
        "day_to": query.text(request.GET, "to"),
        "selects": [
            query.select(request.GET, "action", "Anything done", _actions()),
            query.select(request.GET, "outcome", "Done or refused", AuditEntry.Outcome.choices),
        ],
        "sees_all": sees_audit(request.user),
        "exports": [(name, _export(filters, name)) for name in ("csv", "jsonl")],
    }
    return render(request, "pages/audit-log.html", context)


def lines_of_task(request: Request, task: ScheduledTask) -> list[Line]:
    """The newest entries about one task."""
    return [line(request, entry) for entry in entries_of_task(request.user, task.pk, OF_A_TASK)]


def line(request: Request, entry: AuditEntry) -> Line:
    """Tell one entry."""
    place = _PAGES.get(entry.object_type)
    is_gone = entry.action.endswith(".delete")
    return Line(
        entry=entry,
        words=ACTIONS.get(entry.action, entry.action),
        href=_address(place, entry.object_id) if place and not is_gone else "",
        address=entry.address if shows_address(request.user, entry) else "",
        differences=_differences(entry),
    )


def _differences(entry: AuditEntry) -> list[Difference]:
    names = dict.fromkeys((*entry.before, *entry.after))
    return [Difference(name, _said(entry.before, name), _said(entry.after, name)) for name in names]


def _said(values: dict[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    if value in (None, "", [], {}):
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _address(place: str, object_id: str) -> str:
    try:
        return reverse(place, args=[uuid.UUID(object_id)])
    except ValueError:
        return ""


def _actions() -> list[tuple[str, str]]:
    groups = [(kind, f"All of {kind.replace('_', ' ')}") for kind in _KINDS if f"{kind}.update" in ACTIONS]
    return groups + [(action, f"{words[0].upper()}{words[1:]}") for action, words in ACTIONS.items()]


def _filters(request: Request) -> AuditFilters:
    until = query.day(request.GET, "to")
    return AuditFilters(
        **query.texts(request.GET, _WORDS),
        at_from=query.day(request.GET, "from"),
        at_to=until + _DAY if until else None,
    )


def _export(filters: AuditFilters, format: str) -> str:
    asked = {name: getattr(filters, name) for name in _WORDS} | {
        "from": to_text(filters.at_from) if filters.at_from else "",
        "to": to_text(filters.at_to) if filters.at_to else "",
        "format": format,
    }
    return f"{reverse('api:audit-export')}?{urlencode({name: value for name, value in asked.items() if value})}"
