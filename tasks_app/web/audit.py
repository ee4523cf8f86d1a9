"""The audit log: who changed, read or was refused what; and the history of one task in it."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.models import AuditEntry, ScheduledTask
from tasks_app.recurrence.moments import to_text
from tasks_app.selectors.access import has_right
from tasks_app.selectors.audit import (
    ACTIONS,
    EVERY,
    AuditFilters,
    audit_page,
    entries_of_task,
    is_one_action,
    sees_audit,
    shows_address,
)
from tasks_app.selectors.audit_things import Thing, thing_in, things_of, zones_of
from tasks_app.selectors.audit_walk import audit_find
from tasks_app.web import audit_words, query
from tasks_app.web.field_words import Difference, label, value
from tasks_app.web.forms.field import Choice
from tasks_app.web.page import Request, page, render

SIZE = 50
OF_A_TASK = 10
_DAY = timedelta(days=1)
SPANS = {"today": ("Today", 1), "7d": ("Last 7 days", 7), "30d": ("Last 30 days", 30)}
_WORDS = ("actor", "action", "object_type", "object", "outcome", "search")
# Where each kind of thing has its page.
_PAGES = {
    "task": "task-detail",
    "run": "run-detail",
    "batch": "batch-detail",
    "collection": "collection-detail",
    "calendar": "calendar-edit",
    "credential": "credential-edit",
    "email_template": "email-template-edit",
    "user": "person-detail",
}
# Where those stand that have no page of their own, or not for everybody.
_PLACES: Mapping[str, Callable[[User, str, str], str]] = {
    "queue": lambda user, found, _: (
        reverse("queue-edit", args=[found]) if has_right(user, "change_queue") else reverse("queue-list")
    ),
    "worker": lambda _, found, __: f"{reverse('worker-list')}#{quote(f'worker-{found}')}",
    "file": lambda _, __, name: f"{reverse('file-list')}?{urlencode({'search': name})}",
    "api_key": lambda *_: reverse("api-key-list"),
    "type_rule": lambda _, found, __: reverse("type-detail", args=[found]),
}
_FEW = 3
_ENDS = {"from": ("From this day on", "From"), "to": ("Up to this day", "Before")}
_FOLLOWED = {"run": "See the run", "copy": "See the copy"}


@dataclass(frozen=True)
class Line:
    """An entry as the page tells it: a sentence, what differs, and the details behind it."""

    entry: AuditEntry
    who: str
    before: str
    what: str
    href: str
    after: str
    note: str
    how: str
    request: str
    same_request: str
    address: str
    differences: list[Difference]
    links: list[tuple[str, str]]

    @property
    def is_brief(self) -> bool:
        """So few fields differ that they need no fold."""
        return len(self.differences) <= _FEW


@require_safe
@page
@query.tidied
def audit_log(request: Request) -> HttpResponse:
    """Show one page of the entries that match."""
    filters = _filters(request)
    before = query.identifier(request.GET, "before")
    found = audit_find(request.user, filters, before=before)
    entries, older = audit_page(found.rows, before=before, size=SIZE)
    context = {
        "lines": lines_of(request, entries),
        "older": older,
        "is_first_page": before is None,
        "filters": filters,
        "is_filtered": bool(filters.asked),
        "reach": None if older else found,
        "faults": query.faults_of_times(request.GET, _ENDS),
        "ends": [_end(request, name) for name in _ENDS],
        "actions": _actions(filters.action),
        "selects": [
            query.select(request.GET, "outcome", "Done or refused", AuditEntry.Outcome.choices),
            query.select(request.GET, "within", "Any time", [(name, said) for name, (said, _) in SPANS.items()]),
        ],
        "sees_all": sees_audit(request.user),
        "exports": [(name, _export(filters, name)) for name in ("csv", "jsonl")],
    }
    return render(request, "pages/audit-log.html", context)


def lines_of_task(request: Request, task: ScheduledTask) -> list[Line]:
    """The newest entries about one task."""
    return lines_of(request, entries_of_task(request.user, task.pk, OF_A_TASK), task=task)


def lines_of(request: Request, entries: list[AuditEntry], *, task: ScheduledTask | None = None) -> list[Line]:
    """Entries as sentences; on the page of the task that all of them are about, it is not named again."""
    names, zones = things_of(request.user, entries), zones_of(request.user, entries)
    return [
        _line(request, entry, names, zone=zones.get(entry.object_id, ""), is_its_task=task is not None)
        for entry in entries
    ]


def _line(request: Request, entry: AuditEntry, names: Mapping[Thing, str], *, zone: str, is_its_task: bool) -> Line:
    """Tell one entry."""
    thing = (entry.object_type, entry.object_id)
    what = audit_words.name_of(entry, names.get(thing), is_its_task=is_its_task)
    before, after = audit_words.sentence_of(entry, what)
    who, how = audit_words.who_of(entry)
    return Line(
        entry=entry,
        who=who,
        before=before,
        what=what,
        href="" if is_its_task else _address(request.user, thing, names),
        after=after,
        note=audit_words.note_of(entry),
        how=how,
        request=audit_words.shortened(entry.request_id),
        same_request=_same_request(entry),
        address=entry.address if shows_address(request.user, entry) else "",
        differences=_differences(entry, names, zone),
        links=list(_links(request.user, entry, names)),
    )


def _links(user: User, entry: AuditEntry, names: Mapping[Thing, str]) -> Iterable[tuple[str, str]]:
    for name, words in _FOLLOWED.items():
        thing = thing_in(name, entry.after.get(name))
        if thing is not None and thing in names:
            yield words, _address(user, thing, names)


def _differences(entry: AuditEntry, names: Mapping[Thing, str], zone: str) -> list[Difference]:
    told = dict.fromkeys(name for name in (*entry.before, *entry.after) if name not in _FOLLOWED)

    def said(values: dict[str, Any], name: str) -> str | None:
        thing = thing_in(name, values.get(name))
        return names[thing] if thing is not None and thing in names else value(values, name, zone)

    return [Difference(label(name), said(entry.before, name), said(entry.after, name)) for name in told]


def _address(user: User, thing: Thing, names: Mapping[Thing, str]) -> str:
    """The page of a thing, or where it stands; only where it is there still, and the reader may see it."""
    kind, found = thing
    if thing not in names:
        return ""
    if place := _PLACES.get(kind):
        return place(user, found, names[thing])
    return reverse(_PAGES[kind], args=[int(found) if kind == "user" else uuid.UUID(found)])


def _same_request(entry: AuditEntry) -> str:
    """All that was noted in the same request, which took no day; so no more than days are looked through."""
    if not entry.request_id:
        return ""
    day = timezone.localtime(entry.at).date()
    asked = {"search": entry.request_id, "from": (day - _DAY).isoformat(), "to": (day + _DAY).isoformat()}
    return f"{reverse('audit-log')}?{urlencode(asked)}"


def _actions(chosen: str) -> list[tuple[str, list[Choice]]]:
    """The choices of what was done, in groups; each begins with all of the group where there is more than one.

    A kind that an older link names alone is chosen as the group that it means.
    """
    if chosen and not is_one_action(chosen):
        chosen = f"{chosen.removesuffix(EVERY)}{EVERY}"
    groups: dict[str, list[Choice]] = {}
    for action, words in ACTIONS.items():
        kind = action.partition(".")[0]
        said = f"{words[0].upper()}{words[1:]}"
        groups.setdefault(kind, []).append(Choice(action, said, action == chosen))
    for kind, choices in groups.items():
        if choices[1:]:
            whole = f"{kind}{EVERY}"
            choices.insert(0, Choice(whole, f"{audit_words.KINDS[kind]}: anything", whole == chosen))
    return [(title, groups[kind]) for kind, title in audit_words.KINDS.items()]


def _filters(request: Request) -> AuditFilters:
    until, day = query.moment(request.GET, "to"), query.day(request.GET, "to")
    starts = [at for at in (query.moment(request.GET, "from"), _span_start(request)) if at is not None]
    return AuditFilters(
        **query.texts(request.GET, _WORDS),
        at_from=max(starts, default=None),
        at_to=day + _DAY if day else until,
    )


def _span_start(request: Request) -> datetime | None:
    """The midnight with which a span of days begins that ends now."""
    span = SPANS.get(query.text(request.GET, "within"))
    if span is None:
        return None
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight - (span[1] - 1) * _DAY


def _end(request: Request, name: str) -> query.End:
    """A day where the address names one or nothing, the instant otherwise."""
    of_days, of_instants = _ENDS[name]
    if not query.moment(request.GET, name) or query.day(request.GET, name):
        return query.end_as_day(request.GET, name, of_days)
    return query.end_as_moment(request.GET, name, of_instants)


def _export(filters: AuditFilters, format: str) -> str:
    asked = {name: getattr(filters, name) for name in _WORDS} | {
        "from": to_text(filters.at_from) if filters.at_from else "",
        "to": to_text(filters.at_to) if filters.at_to else "",
        "format": format,
    }
    return f"{reverse('api:audit-export')}?{urlencode({name: value for name, value in asked.items() if value})}"
