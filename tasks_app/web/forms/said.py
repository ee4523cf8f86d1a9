"""A message at a field, with what its fault knows besides: the place in what was typed, and what may be meant."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_app import recurrence
from tasks_app.errors import FieldError

# The suggestions say the rest.
_WORDS = {
    "time_ambiguous": "The clocks go back then, and this time comes twice. Which one is meant?",
    "time_nonexistent": "The clocks go forward then, and this time does not exist. The nearest are these.",
}
# At these fields the message alone does not say what it speaks of.
_AT = {("ends_at", "out_of_range"): "The end must be after the start."}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_PIECE = re.compile(r"[^\s,]+")


@dataclass(frozen=True)
class Offer:
    """A suggestion as a button: `value` tells the form what to put where."""

    label: str
    value: str


@dataclass(frozen=True)
class Marked:
    """What was typed, in three: before, at and behind the fault."""

    before: str
    fault: str
    behind: str


_NO_OFFSET = re.compile(r"T[\d:.]+$")


class Said(str):
    """The message, and what belongs to it; `path` is the field that it speaks of."""

    path: str = ""
    offers: tuple[Offer, ...] = ()
    marked: Marked | None = None


def said(fault: FieldError, path: str, value: Any = None) -> Said:
    """Say a fault of the field at `path`, which holds `value`."""
    message = Said(_AT.get((path, fault.code)) or _WORDS.get(fault.code, fault.message))
    message.path = path
    suggestions = [one for one in (fault.suggestion, *fault.also) if one is not None]
    message.offers = tuple(_offer(path, one, fault.timezone) for one in suggestions)
    if fault.position is not None and isinstance(value, str) and len(value) > 1:
        message.marked = _marked(value, fault.position)
    return message


def without_repeats(messages: list[Said]) -> list[Said]:
    """Offer once what several messages offer, behind the last of them."""
    seen: set[Offer] = set()
    for message in reversed(messages):
        message.offers = tuple(offer for offer in message.offers if offer not in seen)
        seen.update(message.offers)
    return messages


def _offer(path: str, suggestion: Any, timezone: str) -> Offer:
    """A suggestion for a text that named a zone sets the zone as well, and says so."""
    shown = _shown(suggestion)
    if not timezone:
        return Offer(f"Use {shown}", json.dumps([path, suggestion]))
    return Offer(f"Use “{shown.strip('“”')}” in {timezone}", json.dumps([path, suggestion, timezone]))


def _shown(suggestion: Any) -> str:
    if isinstance(suggestion, Mapping):
        words = str(suggestion.get("text") or recurrence.build(suggestion, "UTC").describe())
        if _is_wall_time(suggestion):
            words = words.removesuffix(", UTC")
        return f"“{words[:1].lower()}{words[1:]}”"
    return said_moment(str(suggestion))


def _is_wall_time(schedule: Mapping[str, Any]) -> bool:
    """Tell whether its times are those of the task's zone, whatever that is; intervals are counted in UTC."""
    if "run_at" in schedule:
        return bool(_NO_OFFSET.search(str(schedule["run_at"])))
    return schedule.get("kind") != "every"


def _marked(value: str, position: int) -> Marked | None:
    piece = _PIECE.search(value, position)
    start, end = piece.span() if piece else (len(value) - 1, len(value))
    return Marked(value[:start], value[start:end], value[end:])


def said_moment(text: str) -> str:
    """Say a written instant to people: "Sun 31 Oct 2027, 02:30 (UTC+02:00)"; what is none stays as it is."""
    if not _INSTANT.match(text):
        return text
    moment = datetime.fromisoformat(text)
    clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    zone = "" if moment.tzinfo is None else f" ({moment.tzinfo})"
    return f"{moment:%a} {moment.day} {moment:%b %Y}, {clock}{zone}"
