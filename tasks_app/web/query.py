"""Filters in the address: read leniently, so that an old link still shows something."""

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import make_aware

from tasks_app.selectors.search_text import Fault
from tasks_app.web.forms.field import Choice
from tasks_app.web.page import Request, View

P = ParamSpec("P")
_YEARS = range(1971, 9000)


def text(query: QueryDict, name: str) -> str:
    """A filter as text; characters that no database takes are dropped."""
    return query.get(name, "").replace("\0", "").strip()[:200]


def texts(query: QueryDict, names: Iterable[str]) -> dict[str, Any]:
    """Several filters as text, as keywords of a filter class."""
    return {name: text(query, name) for name in names}


def identifier(query: QueryDict, name: str) -> uuid.UUID | None:
    """A filter as an id, or None when it is not one."""
    try:
        return uuid.UUID(query.get(name, ""))
    except ValueError:
        return None


def identifiers(query: QueryDict, name: str) -> list[uuid.UUID]:
    """A filter as ids with commas between them, a hundred at most; what is none is left out."""
    found = []
    for part in query.get(name, "").split(",")[:100]:
        with suppress(ValueError):
            found.append(uuid.UUID(part))
    return found


def number(query: QueryDict, name: str, *, most: int) -> int:
    """A page number from 1 to `most`."""
    raw = query.get(name, "1")
    return min(max(int(raw), 1), most) if raw.isascii() and raw.isdigit() and len(raw) < 9 else 1  # noqa: PLR2004


def day(query: QueryDict, name: str) -> datetime | None:
    """The beginning of a day in the reader's zone; what is no day narrows nothing."""
    try:
        found = parse_date(text(query, name))
    except ValueError:
        return None
    if found is None or found.year not in _YEARS:
        return None
    return make_aware(datetime(found.year, found.month, found.day), timezone.get_current_timezone())


def moment(query: QueryDict, name: str) -> datetime | None:
    """A date and time in the reader's zone, or with an offset of its own; what is none narrows nothing."""
    raw = text(query, name)
    try:
        found = parse_datetime(raw if "T" in raw or not raw else f"{raw}T00:00")
    except ValueError:
        return None
    if found is None or found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone())


def faults_of_times(query: QueryDict, names: Iterable[str]) -> list[Fault]:
    """Name the times in the address that are none."""
    said = "{}: “{}” is no day or time such as 2026-11-28 or 2026-11-28T09:00, so it narrows nothing."
    times = [(name, text(query, name)) for name in names if moment(query, name) is None]
    return [Fault(said.format(name, given)) for name, given in times if given]


@dataclass(frozen=True)
class End:
    """One end of a range as its field shows it; what is no time stays there as typed, which only plain text shows."""

    name: str
    label: str
    value: str = ""
    type: str = "date"
    is_wrong: bool = False

    @property
    def is_on(self) -> bool:
        """Something stands in it."""
        return bool(self.value)


def end_as_day(query: QueryDict, name: str, label: str) -> End:
    """Show an end that knows days alone."""
    given, is_day = text(query, name), day(query, name) is not None
    return End(name, label, given, "date" if is_day or not given else "text", is_wrong=bool(given) and not is_day)


def end_as_moment(query: QueryDict, name: str, label: str) -> End:
    """Show an end in the reader's zone to the minute, for its field knows no date without a time."""
    given, at = text(query, name), moment(query, name)
    if at is None and given:
        return End(name, label, given, "text", is_wrong=True)
    return End(name, label, f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" if at else "", "datetime-local")


def faults_of_days(ends: Iterable[End]) -> list[Fault]:
    """Name the fields that hold no day."""
    said = "{}: “{}” is no day such as 2026-11-28, so it narrows nothing."
    return [Fault(said.format(end.label, end.value)) for end in ends if end.is_wrong]


@dataclass(frozen=True)
class Select:
    """One filter with its choices."""

    name: str
    label: str
    choices: list[Choice]

    @property
    def is_on(self) -> bool:
        """Something other than "all" is chosen."""
        return any(choice.is_chosen and choice.value for choice in self.choices)


def select(query: QueryDict, name: str, label: str, options: Iterable[tuple[str, str]]) -> Select:
    """Build a filter that says what it filters when nothing is chosen."""
    chosen = query.get(name, "")
    return Select(name, label, [Choice(value, word, value == chosen) for value, word in [("", label), *options]])


def whole(query: QueryDict, name: str) -> int | None:
    """A version or another small whole number, or None when it is none."""
    raw = query.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None  # noqa: PLR2004


def tidied(view: View[P]) -> Callable[Concatenate[Request, P], HttpResponseBase]:
    """Give a list an address that one can keep: without a script a form sends every field, those too that are empty."""

    def shown(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        pairs = [(name, value) for name, values in request.GET.lists() for value in values]
        told = [(name, value) for name, value in pairs if value]
        if len(told) == len(pairs) or request.headers.get("HX-Request"):
            return view(request, *args, **kwargs)
        return redirect(f"{request.path}?{urlencode(told)}" if told else request.path)

    update_wrapper(shown, view)
    return shown
