"""Collections: what is kept of other services' lists, and what each run found changed."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as say
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tasks_app.errors import NotFound
from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord
from tasks_app.selectors import collections
from tasks_app.selectors.access import can_change, sees_all
from tasks_app.selectors.collections import RecordFilters
from tasks_app.services.syncing import collection_delete
from tasks_app.web import query, words
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, page, render

SIZE = 50
MOST = 2**62
_KINDS = [("new", "New"), ("changed", "Changed"), ("gone", "Gone"), ("back", "Back")]
_STATES = [("gone", "Gone"), ("all", "Present and gone")]
_SHOWN_FIELDS = 5
_SHOWN_TEXT = 60


@dataclass(frozen=True)
class Difference:
    """One field of a change; None where the field was not there, or is not there any more."""

    name: str
    before: str | None
    after: str | None


@require_safe
@page
def collection_list(request: Request) -> HttpResponse:
    """Show every collection that this person may see."""
    rows = collections.visible_collections(request.user)
    number = query.number(request.GET, "page", most=200)
    found = list(rows[(number - 1) * SIZE : number * SIZE + 1])
    context = {
        "collections": found[:SIZE],
        "page": number,
        "has_next": len(found) > SIZE,
        "shows_owner": sees_all(request.user),
    }
    return render(request, "pages/collection-list.html", context)


@require_safe
@page
@query.tidied
def collection_detail(request: Request, collection_id: uuid.UUID) -> HttpResponse:
    """Show one page of the records that match, by key."""
    collection = _collection(request, collection_id)
    search, state = query.text(request.GET, "search"), query.text(request.GET, "state")
    after = _behind(request, collection)
    filters = RecordFilters(state=state if state in collections.STATES else "present", search=search)
    rows, last = collections.record_find(collection, filters, after=after.key if after else "")
    found, following = collections.record_page(rows, after=after, size=SIZE)
    is_short = last is not None and following is None
    context = {
        "collection": collection,
        "here": "records",
        "records": [{"record": record, "summary": summary(record)} for record in found],
        "following": last.pk if last is not None and is_short else following,
        "walk": collections.WALK if is_short else None,
        "is_first_page": after is None,
        "search": search,
        "selects": [query.select(request.GET, "state", "Present", _STATES)],
        "is_filtered": bool(search or state),
        "shows_owner": collection.owner_id != request.user.pk,
        "can_delete": can_change(request.user, collection.owner_id),
    }
    return render(request, "pages/collection-detail.html", context)


@require_safe
@page
@query.tidied
def collection_changes(request: Request, collection_id: uuid.UUID) -> HttpResponse:
    """Show what changed, the newest first, and which run found it."""
    collection = _collection(request, collection_id)
    run_id, kind = query.identifier(request.GET, "run"), query.text(request.GET, "kind")
    rows = collections.change_search(collection, run_id=run_id, kind=kind if kind in collections.KINDS else "")
    before = _number(request, "before")
    changes, older = collections.change_page(rows, before=before, size=SIZE)
    context = {
        "collection": collection,
        "here": "changes",
        "changes": [{"change": change, "differences": differences(change)} for change in changes],
        "older": older,
        "is_first_page": before is None,
        "run_id": run_id,
        "counts": collections.counts_of_run(collection, run_id) if run_id else [],
        "selects": [query.select(request.GET, "kind", "Any change", _KINDS)],
        "is_filtered": bool(run_id or kind),
        "shows_owner": collection.owner_id != request.user.pk,
        "can_delete": can_change(request.user, collection.owner_id),
    }
    return render(request, "pages/collection-changes.html", context)


@require_safe
@page
def record_detail(request: Request, collection_id: uuid.UUID, record_id: int) -> HttpResponse:
    """Show one record with all that is known of how it changed."""
    collection = _collection(request, collection_id)
    record = _record(collection, record_id)
    changes, older = collections.change_page(
        collections.change_search(collection, record_id=record.pk), before=None, size=SIZE
    )
    context = {
        "collection": collection,
        "record": record,
        "changes": [{"change": change, "differences": differences(change)} for change in changes],
        "has_more": older is not None,
    }
    return render(request, "pages/collection-record.html", context)


@require_http_methods(["GET", "POST"])
@page
def collection_remove(request: Request, collection_id: uuid.UUID) -> HttpResponse:
    """Ask, then delete the collection with its records."""
    collection = _collection(request, collection_id)
    if not can_change(request.user, collection.owner_id):
        raise PermissionDenied
    if request.method == "GET":
        count = words.plural(collection.record_count, "record")
        context = {
            "title": f"Delete “{collection.name}”?",
            "text": f"Its {count} and their history go for good. A task that fills it makes it anew, from nothing.",
            "verb": "Delete it",
            "back": reverse("collection-detail", args=[collection.pk]),
        }
        return render(request, "pages/confirm.html", context)
    name = collection.name
    collection_delete(collection=collection)
    say.success(request, f"“{name}” is deleted.")
    return redirect("collection-list")


def summary(record: SyncedRecord) -> str:
    """The first plain fields of a record, in one line; its key stands above them already."""
    plain = [
        (name, value)
        for name, value in record.data.items()
        if not isinstance(value, dict | list) and value is not None and _text(value) != record.key
    ]
    return " · ".join(f"{name[:_SHOWN_TEXT]}: {_short(value)}" for name, value in plain[:_SHOWN_FIELDS])


def differences(change: SyncedChange) -> list[Difference]:
    """The fields that differ, as text."""
    before, after = change.before, change.after
    return [
        Difference(
            name,
            _text(before[name]) if name in before else None,
            _text(after[name]) if name in after else None,
        )
        for name in {**before, **after}
    ]


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}…"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _collection(request: Request, collection_id: uuid.UUID) -> SyncedCollection:
    with missing_or_refused():
        return collections.collection_get(request.user, collection_id)


def _record(collection: SyncedCollection, record_id: int) -> SyncedRecord:
    try:
        return collections.record_get(collection, min(record_id, MOST))
    except NotFound as error:
        raise Http404 from error


def _behind(request: Request, collection: SyncedCollection) -> SyncedRecord | None:
    """The record behind which the page begins; the first page, where it has gone meanwhile."""
    number = _number(request, "after")
    try:
        return collections.record_get(collection, number) if number else None
    except NotFound:
        return None


def _number(request: Request, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < len(str(MOST)) else None
