"""A page of all components, for staff: to look at them at once, in both themes and at every width."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.errors import FieldError
from tasks_app.selectors.access import is_staff
from tasks_app.states import Status, TaskStatus
from tasks_app.web.audit import lines_of
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.gallery_deeds import forms, many, operations
from tasks_app.web.gallery_examples import charts, lists
from tasks_app.web.gallery_plans import plans
from tasks_app.web.page import Request, page, render

_SCHEMA: dict[str, Any] = {
    "$defs": {
        "Row": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
            "required": ["name"],
        }
    },
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "A line of text.", "examples": ["Nightly export"]},
        "method": {"enum": ["GET", "POST"], "default": "GET"},
        "body": {"type": "string", "maxLength": 5000},
        "retries": {"type": "integer", "minimum": 0, "default": 3},
        "at": {"type": "string", "format": "date-time"},
        "token": {"type": "string", "format": "password"},
        "notify": {"type": "boolean", "default": True, "description": "Say so when it is done."},
        "days": {"type": "array", "items": {"enum": ["mon", "tue", "wed"]}, "default": ["mon"]},
        "to": {"type": "array", "items": {"type": "string", "format": "email"}},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
        "after": {"type": "string", "description": "A task, found by its name.", "x-pick": "tasks"},
        "person": {"type": "string"},
        "room": {"type": "string"},
        "anything": {"description": "The last resort."},
    },
    "required": ["title"],
    "x-ways": [
        {
            "label": "Whom to tell",
            "ways": [{"label": "A person", "fields": ["person"]}, {"label": "A room", "fields": ["room"]}],
        }
    ],
}


@dataclass(frozen=True)
class _Run:
    id: str
    status: str
    duration_ms: int | None
    started_at: datetime | None
    pk: str = "00000000-0000-7000-8000-000000000000"
    version: int = 1
    progress_seq: int = 1
    progress: dict[str, Any] | None = None


@require_safe
@page
def gallery(request: Request) -> HttpResponse:
    """Show every component."""
    if not is_staff(request.user):
        raise Http404
    now = timezone.now()
    errors = {"payload.title": [FieldError("required", "This field is required.")]}
    context = {
        "states": [status.value for status in Status],
        "task_states": [status.value for status in TaskStatus],
        "runs": _runs(now),
        "slots": [now + timedelta(hours=n) for n in range(1, 11)],
        "instants": [now + timedelta(seconds=s) for s in (-90_000, -400, -12, 30, 5_000, 700_000)],
        "running": _Run("x", "running", None, now, progress={"done": 620, "total": 1000, "message": "620 rows"}),
        "unsure": _Run("x", "running", None, now, progress={"done": 620, "message": "still counting"}),
        "payload_fields": draw_payload(_SCHEMA, {"rows": [{"name": "first", "count": 2}]}, errors, owner=request.user),
        "json": {"url": "https://example.org/", "count": 12, "ok": True, "note": None, "tags": ["a", "b"]},
    }
    examples = lists(now)
    context |= {**charts(now), **examples, "lines": lines_of(request, examples["entries"])}
    context |= {**many(request.user, now), **operations(now), **forms(now), **plans(request.user, now)}
    return render(request, "pages/gallery.html", context)


def _runs(now: datetime) -> list[_Run]:
    chance = Random(7)  # noqa: S311  # spreads load, keeps no secret
    weighted = ["succeeded"] * 9 + ["failed", "skipped", "cancelled"]
    states = [chance.choice(weighted) for _ in range(48)] + ["running"]
    ident = "00000000-0000-7000-8000-000000000000"
    return [
        _Run(ident, state, None if state in ("skipped", "running") else chance.randint(800, 9000), now)
        for state in states
    ]
