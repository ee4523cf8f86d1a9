"""How values look in the admin: states, instants, JSON, links."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.admin import display
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

F = TypeVar("F", bound=Callable[..., Any])
EMPTY = "–"

RUN_TONES = {
    "waiting": "primary",
    "scheduled": "primary",
    "queued": "default",
    "running": "info",
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "default",
    "skipped": "warning",
}
TASK_TONES = {
    "active": "success",
    "paused": "warning",
    "completed": "default",
    "cancelled": "default",
    "deleted": "danger",
}


def label(description: str, tones: dict[str, str]) -> Callable[[F], F]:
    """Show what a function gives as a coloured word (unfold's `display(label=…)`, typed)."""

    def mark(function: F) -> F:
        function.short_description = description  # type: ignore[attr-defined]  # how Django's display does it
        function.label = tones  # type: ignore[attr-defined]
        return function

    return mark


def instant(field: str, words: str = "", *, order: str | None = None) -> Callable[[Any], str | None]:
    """Make a column of an instant: to the second, in the reader's zone."""

    @display(description=words or field.removesuffix("_at").replace("_", " "), ordering=order, empty_value=EMPTY)
    def shown(row: Any) -> str | None:
        return clock(getattr(row, field))

    shown.__name__ = f"{field}_shown"
    return shown


def clock(moment: datetime | None) -> str | None:
    """An instant as people read it."""
    return None if moment is None else f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"


def as_json(field: str, words: str = "") -> Callable[[Any], SafeString | None]:
    """Make a read-only field of JSON, indented."""

    @display(description=words or field.replace("_", " "), empty_value=EMPTY)
    def shown(row: Any) -> SafeString | None:
        value = getattr(row, field)
        if value is None:
            return None
        return block(json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder))

    shown.__name__ = f"{field}_shown"
    return shown


def block(text: str) -> SafeString:
    """Text as it stands, in the fixed-width face."""
    return format_html('<pre class="carillon-block">{}</pre>', text)


def change_link(row: Model | None, words: str = "") -> SafeString | None:
    """A link to a row's page in the admin."""
    if row is None:
        return None
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return link(reverse(name, args=[row.pk]), words or str(row))


def link(href: str, words: str) -> SafeString:
    """A link that looks like one."""
    return format_html('<a class="carillon-link" href="{}">{}</a>', href, words)
