"""The task types: what each does and takes, who may use it, and the rules that administrators lay down."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages as say
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tasks_app.errors import FieldError, Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.locks import masked_locks
from tasks_app.handlers.schema import payload_schema
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.models import db_now
from tasks_app.selectors.access import has_right, type_holders, why_not
from tasks_app.selectors.rollups import Figures, by_type, span_figures
from tasks_app.selectors.type_rules import NO_RULE, Rule, type_rule_stored, type_rules
from tasks_app.services import strict_json
from tasks_app.services.type_rules import type_rule_delete, type_rule_save
from tasks_app.web import run_time_bars
from tasks_app.web.forms.field import Errors, Field, messages_below
from tasks_app.web.look import written
from tasks_app.web.page import Request, actor_of, page, render
from tasks_app.web.payload_table import field_rows

RIGHT = "change_typerule"
LATELY = timedelta(days=7)
_FIXED_HELP = (
    'A JSON object: paths of payload fields, each with its value, like {"timeout_seconds": 10}. Nobody else sets them, '
    "and every run is given them. A mask keeps the secret that is stored."
)


@dataclass(frozen=True)
class Row:
    """A type as the list tells it; `figures` are of what the reader may see."""

    spec: HandlerSpec
    rule: Rule
    why_not: str
    figures: Figures | None

    @property
    def ended(self) -> int:
        """How many of its runs succeeded or failed."""
        return self.figures.succeeded + self.figures.failed if self.figures else 0


@require_safe
@page
def type_list(request: Request) -> HttpResponse:
    """List the types that people may use, which of them this person may, and how each has fared lately."""
    rules, now = type_rules(), db_now()
    since = _since(now)
    lately = by_type(request.user, since, now)
    rows = []
    for spec in registry.all():
        if not spec.internal:
            rule = rules.get(spec.name, NO_RULE)
            refusal = why_not(request.user, spec, is_restricted=rule.is_restricted)
            rows.append(Row(spec, rule, refusal, lately.get(spec.name)))
    return render(request, "pages/type-list.html", {"rows": rows, "since": written(since)})


@require_http_methods(["GET", "POST"])
@page
def type_detail(request: Request, type_name: str) -> HttpResponse:
    """Show one type; those who may lay down its rule do so here."""
    spec = _spec(type_name)
    if request.method == "GET":
        return _draw(request, spec)
    if not has_right(request.user, RIGHT):
        raise PermissionDenied("You may look at task types, but not lay down rules for them.")
    is_restricted, text = bool(request.POST.get("is_restricted")), request.POST.get("locked", "")
    try:
        said = _save(spec, is_restricted, _read(text), actor_of(request))
    except Invalid as error:
        return _draw(request, spec, typed=(is_restricted, text), errors=error.fields, status=400)
    say.success(request, said)
    return redirect("type-detail", type_name=spec.name)


def _spec(name: str) -> HandlerSpec:
    try:
        spec = registry.get(name)
    except KeyError:
        raise Http404 from None
    if spec.internal or spec.name != name:
        raise Http404
    return spec


def _read(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = strict_json.read(text)
    except (ValueError, TypeError) as error:
        raise Invalid("no JSON", fields={"locked": [FieldError("json", f"This is no JSON: {error}")]}) from None
    if not isinstance(found, dict):
        raise Invalid.at("locked", "type", "Must be an object: paths of payload fields, each with its value.")
    return found


def _save(spec: HandlerSpec, is_restricted: bool, locked: dict[str, Any], actor: str) -> str:
    stored = type_rule_stored(spec.name)
    soon = f"Every process follows within {settings.TYPE_RULE_SECONDS} s."
    if is_restricted or locked:
        type_rule_save(type=spec.name, is_restricted=is_restricted, locked=locked, actor=actor)
        return f"The rule of “{spec.title}” holds. {soon}"
    if stored is not None:
        type_rule_delete(rule=stored, actor=actor)
    return f"“{spec.title}” has no rule: it is for everybody, and nothing of it is fixed. {soon}"


def _draw(
    request: Request,
    spec: HandlerSpec,
    *,
    typed: tuple[bool, str] | None = None,
    errors: Errors | None = None,
    status: int = 200,
) -> HttpResponse:
    stored = type_rule_stored(spec.name)
    is_restricted, locked = (stored.is_restricted, stored.locked) if stored else (False, {})
    shown = masked_locks(spec.payload, locked)
    as_text = json.dumps(shown, indent=2, ensure_ascii=False) if shown else ""
    may_rule = has_right(request.user, RIGHT)
    context = {
        **_lately(request, spec),
        "spec": spec,
        "rows": field_rows(payload_schema(spec)),
        "why_not": why_not(request.user, spec, is_restricted=is_restricted),
        "stored": stored,
        "locked": shown,
        "retries": spec.retry.retries_or(settings.RETRY_MAX),
        "may_rule": may_rule,
        "holders": type_holders(spec) if may_rule else None,
        "needs_own_right": spec.permission,
        "fields": _fields(*(typed or (is_restricted, as_text)), spec, errors or {}),
        "back": reverse("type-list"),
    }
    return render(request, "pages/type-detail.html", context, status=status)


def _lately(request: Request, spec: HandlerSpec) -> dict[str, Any]:
    """How its runs fared, of those that the reader may see."""
    now = db_now()
    since = _since(now)
    figures = span_figures(request.user, since, now, type=spec.name)
    return {
        "figures": figures,
        "since": written(since),
        "is_any": bool(figures.succeeded or figures.failed or figures.cancelled or figures.skipped),
        "run_times": run_time_bars.draw(figures),
    }


def _since(now: datetime) -> datetime:
    """Where the figures begin: at a minute, as an address and the field of the list can say it."""
    return (now - LATELY).replace(second=0, microsecond=0)


def _fields(is_restricted: bool, locked: str, spec: HandlerSpec, errors: Errors) -> list[Field]:
    restricted = Field(
        path="is_restricted",
        label="Only with permission",
        kind="bool",
        value=is_restricted,
        help="Only those use it who hold the permission “Can use the task type "
        f"{spec.name}”, by role or alone; permissions are given in the admin.",
    )
    fixed = Field(
        path="locked",
        label="Fixed fields",
        kind="json",
        value=locked,
        help=_FIXED_HELP,
        errors=messages_below(errors, "locked"),
    )
    return [fixed] if spec.permission else [restricted, fixed]
