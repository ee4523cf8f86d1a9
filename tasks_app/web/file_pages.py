"""The files page: what runs have left and people have brought; upload, share, delete."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib import messages as say
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tasks_app.errors import CarillonError, FieldError, Invalid
from tasks_app.models import StoredFile
from tasks_app.selectors.access import has_right, manages_all, require_change, sees_all, visible_files
from tasks_app.selectors.files import FileFilters, file_find, file_get, file_page, file_search, used_bytes
from tasks_app.services.files import file_delete, link_create
from tasks_app.services.uploads import UploadTooLarge, file_upload, shown_size
from tasks_app.web import query
from tasks_app.web.forms.choices import choice_source
from tasks_app.web.forms.field import Choice, Errors, Field, messages
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, page, render

SIZE = 50
LIFETIMES = {"1": "One day", "7": "7 days", "30": "30 days", "90": "90 days"}
_MOST_CHOICES = 200
AWAY = "The file storage does not answer right now. Nothing has been changed; try again in a minute."


def _choices(user: User) -> list[tuple[uuid.UUID, str]]:
    """The newest files that the tasks of a user may use; backups hold everybody's data and are for nobody's task."""
    rows = file_search(user, FileFilters()).exclude(purpose=StoredFile.Purpose.BACKUP)[:_MOST_CHOICES]
    return [(file.pk, f"{file.name}, {file.created_at:%d %b %Y}") for file in rows]


def _lent(owner: User, editor: User) -> list[tuple[uuid.UUID, str]]:
    """Of the files that the editor may use, those that the owner's task finds."""
    found = _choices(editor)
    known = set(visible_files(owner).filter(pk__in=[file_id for file_id, _ in found]).values_list("pk", flat=True))
    return [(file_id, label) for file_id, label in found if file_id in known]


choice_source("files", _choices, make="file-upload", lent=_lent)


@require_safe
@page
@query.tidied
def file_list(request: Request) -> HttpResponse:
    """Show one page of the files that match."""
    filters = FileFilters(
        search=query.text(request.GET, "search"),
        purpose=query.text(request.GET, "purpose"),
        task=query.identifier(request.GET, "task"),
    )
    before = query.identifier(request.GET, "before")
    found = file_find(request.user, filters, before=before)
    files, older = file_page(found.rows, before=before, size=SIZE)
    used, is_all = used_bytes(request.user)
    context = {
        "files": files,
        "older": older,
        "is_first_page": before is None,
        "filters": filters,
        "is_filtered": filters.is_any,
        "selects": [query.select(request.GET, "purpose", "Any purpose", _purposes(request))],
        "used": used,
        "is_all": is_all,
        "searched_to": None if older else found.since,
        "walk": found.walk,
        "further": found.floor,
        "shows_owner": sees_all(request.user),
        "changes_all": manages_all(request.user),
    }
    return render(request, "pages/file-list.html", context)


@require_http_methods(["GET", "POST"])
@page
def file_new(request: Request) -> HttpResponse:
    """Take a file; what is wrong with it is said at its field."""
    if request.method == "GET":
        return _draw_upload(request, {})
    given = request.FILES.get("file")
    if given is None:
        return _draw_upload(request, {"file": [FieldError("required", "Choose a file first.")]}, status=400)
    try:
        file_upload(
            owner=request.user,
            name=given.name or "",
            content_type=given.content_type or "",
            chunks=given.chunks(),
        )
    except (Invalid, UploadTooLarge) as error:
        faults = {"file": [fault for found in error.fields.values() for fault in found]}
        return _draw_upload(request, faults, status=400)
    except OSError:
        return _draw_upload(request, {"file": [FieldError("away", AWAY)]}, status=503)
    say.success(request, "Uploaded. Tasks can use it from now on.")
    return redirect("file-list")


@require_http_methods(["GET", "POST"])
@page
def file_share(request: Request, file_id: uuid.UUID) -> HttpResponse:
    """Make a link that needs no sign-in; it is shown once, right after."""
    file = _own_or_404(request, file_id)
    if file.purpose == StoredFile.Purpose.BACKUP:
        raise Http404
    if request.method == "GET":
        return _draw_share(request, file, "7", {})
    days = request.POST.get("days", "")
    if days not in LIFETIMES:
        fault = FieldError("unknown", "Choose one of these.")
        return _draw_share(request, file, "7", {"days": [fault]}, status=400)
    try:
        url, end = link_create(file=file, lifetime=timedelta(days=int(days)))
    except CarillonError as error:
        fault = FieldError(error.error_code, error.message)
        return _draw_share(request, file, days, {"days": [fault]}, status=409)
    return render(request, "pages/file-share.html", {"file": file, "url": url, "end": end}, status=201)


@require_http_methods(["GET", "POST"])
@page
def file_remove(request: Request, file_id: uuid.UUID) -> HttpResponse:
    """Delete a file for good, after asking."""
    file = _own_or_404(request, file_id)
    if request.method == "GET":
        context = {
            "title": f"Delete “{file.name}”?",
            "text": "It is gone for good. Links to it end, and tasks that use it fail until they are given another.",
            "verb": "Delete the file",
            "back": reverse("file-list"),
        }
        return render(request, "pages/confirm.html", context)
    return _done(request, lambda: file_delete(file), f"“{file.name}” is deleted.")


def _done(request: Request, action: Callable[[], None], success: str) -> HttpResponse:
    try:
        action()
    except OSError:
        say.error(request, AWAY)
    else:
        say.success(request, success)
    return redirect("file-list")


def _own_or_404(request: Request, file_id: uuid.UUID) -> StoredFile:
    with missing_or_refused():
        file = file_get(request.user, file_id)
        require_change(request.user, file.owner_id)
        return file


def _purposes(request: Request) -> list[tuple[str, str]]:
    choices = [(value, str(label)) for value, label in StoredFile.Purpose.choices]
    may_see_backups = has_right(request.user, "back_up_database")
    return choices if may_see_backups else [one for one in choices if one[0] != StoredFile.Purpose.BACKUP]


def _draw_upload(request: Request, errors: Errors, *, status: int = 200) -> HttpResponse:
    context = {
        "errors": messages(errors, "file"),
        "most": shown_size(settings.UPLOAD_MAX_BYTES),
        "most_bytes": settings.UPLOAD_MAX_BYTES,
        "most_together": shown_size(settings.UPLOAD_TOTAL_MAX_BYTES),
    }
    return render(request, "pages/file-upload.html", context, status=status)


def _draw_share(request: Request, file: StoredFile, chosen: str, errors: Errors, *, status: int = 200) -> HttpResponse:
    field = Field(
        path="days",
        label="It lasts",
        kind="radio",
        is_required=True,
        choices=[Choice(value, label, value == chosen) for value, label in LIFETIMES.items()],
        errors=messages(errors, "days"),
    )
    return render(request, "pages/file-share.html", {"file": file, "field": field}, status=status)
