"""What a list of runs offers to do with all that match, and with those of its rows that are ticked."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from tasks_app.models import TaskRun
from tasks_app.selectors.access import Deed, Person, may, open_runs
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_terms import NEEDS
from tasks_app.selectors.walk import Found
from tasks_app.services.sweep_state import Verb
from tasks_app.states import FINAL, OPEN, Status
from tasks_app.web.page import Request
from tasks_app.web.run_filters import kept

_ENDED_BADLY = FINAL - {Status.SUCCEEDED}
Far = Callable[[], Found[TaskRun]]
"""All that match as far back as the list looks, found once it is asked for."""
_ICONS = {Verb.RETRY: "retry", Verb.DISMISS: "close", Verb.CANCEL: "stop"}


@dataclass(frozen=True)
class Offer:
    """A button: about all that match, or about those of them that need a person."""

    verb: Verb
    word: str
    is_of_needs: bool = False


def for_all(
    request: Request, filters: RunFilters, found: Far, shown: list[TaskRun], empty: set[str]
) -> list[tuple[str, str, str]]:
    """Icon, word and address of what this person may do with some of them at least: mostly, the page itself says so.

    `empty` are the states in which none of them is, as far as that is known.
    """
    if not filters.is_any or not shown:
        return []
    offers = list(_fitting(states_of(filters), empty))
    allowed = {deed: _may_some(request.user, deed, found, shown) for deed in {one.verb.deed for one in offers}}
    return [(_ICONS[one.verb], one.word, _address(one, request.GET)) for one in offers if allowed[one.verb.deed]]


def tickable(user: Person, shown: Iterable[TaskRun]) -> set[uuid.UUID]:
    """The runs with which this person may do something: their rows have a box."""
    return {run.id for run in shown if may(user, Deed.RUN, run) or may(user, Deed.CANCEL, run)}


def for_ticked(user: Person, shown: list[TaskRun]) -> set[str]:
    """What this person may do with some of the rows at least; where there is none yet, whatever may come."""
    deeds = (Deed.RUN, Deed.CANCEL)
    found = {deed.value for deed in deeds if any(may(user, deed, run) for run in shown)}
    return found or {deed.value for deed in deeds}


def states_of(filters: RunFilters) -> set[str]:
    """The states in which runs may be that match."""
    found: set[str] = {Status.FAILED} if filters.needs else {filters.status} if filters.status else set(Status)
    for term in filters.read.terms if filters.read else ():
        if term.name == "status" and term.is_not:
            found -= set(term.values)
        elif term.name == "status":
            found &= {Status.FAILED if value == NEEDS else value for value in term.values}
    return found


def _fitting(states: set[str], empty: set[str]) -> Iterator[Offer]:
    """What makes sense with runs in these states: what succeeded is not run again with the others."""
    has_needs = Status.FAILED in states and NEEDS not in empty
    if states and states <= _ENDED_BADLY:
        yield Offer(Verb.RETRY, "Retry all" if states == {Status.FAILED} else "Run all again")
    elif has_needs:
        yield Offer(Verb.RETRY, "Retry what needs you", is_of_needs=True)
    if states == {Status.FAILED}:
        yield Offer(Verb.DISMISS, "Dismiss all")
    elif has_needs:
        yield Offer(Verb.DISMISS, "Dismiss what needs you", is_of_needs=True)
    if states and states <= OPEN:
        yield Offer(Verb.CANCEL, "Cancel all")
    elif (states - empty) & OPEN:
        yield Offer(Verb.CANCEL, "Cancel what waits or runs")


def _may_some(user: Person, deed: Deed, found: Far, shown: list[TaskRun]) -> bool:
    return any(may(user, deed, run) for run in shown) or found().rows.filter(open_runs(user, deed)).exists()


def _address(offer: Offer, data: QueryDict) -> str:
    asked = data.copy()
    if offer.is_of_needs:
        asked["status"] = NEEDS
    return f"{reverse(f'runs-{offer.verb}')}?{kept(asked)}"
