"""Filters that put values into words; pages load them with the tags of `carillon`."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.utils.safestring import SafeString

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.payloads import masked_payload
from tasks_app.web import json_view, run_times, words

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as words."""
    return words.duration(seconds)


@register.filter
def duration_ms(milliseconds: float | None) -> str:
    """Milliseconds as words."""
    return words.duration(None if milliseconds is None else milliseconds / 1000)


@register.filter
def error_named(name: str) -> str:
    """Name the class of an error, ours in words."""
    return words.error_named(name)


@register.filter
def whole_time(run: TaskRun) -> str:
    """How long a run was in all, with its attempts and waits; empty where there was one attempt."""
    return run_times.whole_time(run)


@register.filter
def began(run: TaskRun, attempts: Mapping[UUID, datetime]) -> datetime | None:
    """When a run began, or the last attempt of one that ended between two."""
    return run.started_at or attempts.get(run.pk)


@register.filter
def actor(name: str) -> str:
    """Who acted, in words."""
    return words.actor(name)


@register.filter
def trigger(name: str) -> str:
    """What started a run, in words."""
    return words.TRIGGERS.get(name, name)


@register.filter
def reason(name: str) -> str:
    """Why a run stands where it stands, in words."""
    return words.REASONS.get(name, name)


@register.filter
def singular(label: str) -> str:
    """One of what a list is called."""
    return words.singular(label)


@register.filter
def capped(count: int) -> str:
    """A number that was counted to 1,001 at most."""
    return words.capped(count)


@register.filter
def briefly(count: int) -> str:
    """The same where there is little room."""
    return words.briefly(count)


@register.filter
def counted(count: int) -> str:
    """The same behind "all": nothing where it is not known."""
    return "" if count >= COUNTED else f"{count:,}"


@register.filter
def stopped(sentence: str) -> str:
    """A sentence with its full stop; one that is cut has its three dots already."""
    return sentence if sentence.endswith("...") else f"{sentence}."


@register.filter
def grouped(count: int) -> str:
    """A number with its thousands told apart."""
    return f"{count:,}"


@register.filter
def first_line(text: str) -> str:
    """The first line of an error."""
    return text.strip().split("\n", 1)[0]


@register.filter
def shown_payload(thing: ScheduledTask | TaskRun) -> dict[str, Any]:
    """The payload of a task or run, its secrets masked; whether this person may see it is asked before."""
    return masked_payload(thing)


@register.filter
def pretty_json(value: Any) -> SafeString:
    """JSON for people: indented, its kinds told apart."""
    return json_view.render(value)


@register.filter
def plain_json(value: Any) -> str:
    """JSON as text, for an editor."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    """Look a key up."""
    return mapping.get(key)
