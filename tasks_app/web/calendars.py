"""Calendars under Settings: list, make, edit with the year in view, delete."""

import uuid
from typing import Any

from django.contrib import messages as say
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.errors import CarillonError, Conflict, Invalid, NotFound, Stale
from tasks_app.models import Calendar
from tasks_app.selectors.access import manages_all, sees_all, visible_tasks
from tasks_app.selectors.calendar_days import is_readable
from tasks_app.selectors.calendars import (
    calendar_get,
    can_edit_calendar,
    living_tasks_using,
    visible_calendars,
    with_uses,
)
from tasks_app.services.calendars import calendar_create, calendar_delete, calendar_preview, calendar_update
from tasks_app.services.ical import MOST_BYTES
from tasks_app.web.calendar_words import holds
from tasks_app.web.calendar_year import draw_year
from tasks_app.web.forms.calendar_edit import CalendarForm
from tasks_app.web.forms.field import unplaced
from tasks_app.web.page import Request, act, actor_of, page, render
from tasks_app.web.words import plural

FRAGMENTS = {"calendar-place": "parts/calendar-place.html", "calendar-file": "parts/calendar-file.html"}
_REDRAW = ("_refresh", "_drop")
_MOST_TASKS = 20


@require_safe
@page
def calendar_list(request: Request) -> HttpResponse:
    """List one's own calendars and the shared ones."""
    rows = with_uses(visible_calendars(request.user))[:500]
    context = {"rows": [(row, holds(row), is_readable(row)) for row in rows], "sees_all": sees_all(request.user)}
    return render(request, "pages/calendar-list.html", context)


@require_http_methods(["GET", "POST"])
@page
def calendar_new(request: Request) -> HttpResponse:
    """Make a calendar, from nothing or as a copy."""
    if request.method == "GET":
        return _draw(request, _start(request))
    form = _posted(request)
    if form.errors or _is_to_be_drawn(request):
        return _again(request, form)
    try:
        made = calendar_create(owner=request.user, values=_values(request, form))
    except CarillonError as error:
        return _refuse(request, form, error)
    say.success(request, f"“{made.name}” is kept. Choose it in the schedule of a task.")
    return _done(request, form)


@require_http_methods(["GET", "POST"])
@page
def calendar_edit(request: Request, calendar_id: uuid.UUID) -> HttpResponse:
    """Edit a calendar; one that is only shared with the reader is shown."""
    row = _found(request, calendar_id)
    if request.method == "GET":
        return _draw(request, CalendarForm.of(row), row=row)
    if not can_edit_calendar(request.user, row):
        raise PermissionDenied("This calendar is shared with you; only its owner and administrators change it.")
    form = _posted(request)
    if form.errors or _is_to_be_drawn(request):
        return _again(request, form, row=row)
    raw = request.POST.get("version", "")
    version = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None  # noqa: PLR2004
    try:
        calendar_update(
            calendar=row,
            by=request.user,
            changes=_values(request, form),
            actor=actor_of(request),
            expected_version=version,
        )
    except CarillonError as error:
        return _refuse(request, form, error, row=row)
    is_kept = living_tasks_using(row).exists()
    say.success(request, "Saved. The tasks that keep it are planned anew." if is_kept else "Saved.")
    return _done(request, form)


@require_http_methods(["GET", "POST"])
@page
def calendar_remove(request: Request, calendar_id: uuid.UUID) -> HttpResponse:
    """Ask, then delete."""
    row = _found(request, calendar_id)
    if not can_edit_calendar(request.user, row):
        raise PermissionDenied("This calendar is shared with you; only its owner and administrators delete it.")
    edit = reverse("calendar-edit", args=[row.pk])
    is_used = living_tasks_using(row).exists()
    if request.method == "GET":
        if is_used:
            # Its page names those tasks, and says why it stays.
            return redirect(edit)
        text = "No active or paused task keeps it. Tasks that have ended forget it."
        context = {"title": f"Delete “{row.name}”?", "text": text, "verb": "Delete", "back": edit}
        return render(request, "pages/confirm.html", context)
    return act(
        request,
        lambda: calendar_delete(calendar=row, by=request.user),
        success=f"“{row.name}” is deleted.",
        then=edit if is_used else reverse("calendar-list"),
    )


@require_POST
@page
def calendar_show(request: Request) -> HttpResponse:
    """Show the year of what is being typed; nothing is stored."""
    return render(request, "parts/calendar-year.html", _year(request, CalendarForm.posted(request.POST)))


def _posted(request: Request) -> CalendarForm:
    form = CalendarForm.posted(request.POST)
    if "_drop" in request.POST:
        form.imported = ""
    given = request.FILES.get("ical")
    if given is not None:
        form.take_file(given.read(MOST_BYTES + 1), today=timezone.localdate())
    return form


def _is_to_be_drawn(request: Request) -> bool:
    return any(name in request.POST for name in _REDRAW)


def _again(request: Request, form: CalendarForm, *, row: Calendar | None = None) -> HttpResponse:
    """Draw what was sent without saving it; with a file that cannot be read, all that is wrong is said at once."""
    if _is_to_be_drawn(request):
        return _draw(request, form, row=row)
    try:
        calendar_preview(owner=request.user, values=_values(request, form))
    except Invalid as error:
        form.refuse(error)
    return _draw(request, form, row=row, status=400)


def _values(request: Request, form: CalendarForm) -> dict[str, Any]:
    return form.fields_for(is_staff=manages_all(request.user))


def _done(request: Request, form: CalendarForm) -> HttpResponse:
    if form.left_out:
        reasons = "; ".join(f"{plural(one.count, 'event')} {one.reason}" for one in form.left_out)
        say.info(request, f"Left out of the file: {reasons}.")
    return redirect("calendar-list")


def _found(request: Request, calendar_id: uuid.UUID) -> Calendar:
    try:
        return calendar_get(request.user, calendar_id)
    except NotFound as error:
        raise Http404 from error


def _start(request: Request) -> CalendarForm:
    raw = request.GET.get("from", "")
    try:
        row = _found(request, uuid.UUID(raw)) if raw else None
    except ValueError:
        raise Http404 from None
    form = CalendarForm() if row is None else CalendarForm.of(row)
    if row is not None:
        form.values["name"], form.is_shared = f"{row.name[:90]} (copy)", False
    return form


def _refuse(request: Request, form: CalendarForm, error: CarillonError, *, row: Calendar | None = None) -> HttpResponse:
    if isinstance(error, Stale):
        text = "Somebody has changed it since you opened this page. Save again to put what you see in its place."
        say.warning(request, text)
        return _draw(request, form, row=row and _found(request, row.pk), status=412)
    form.refuse(error)
    return _draw(request, form, row=row, status=409 if isinstance(error, Conflict) else 400)


def _year(request: Request, form: CalendarForm) -> dict[str, Any]:
    """What the picture shows, or why there is none."""
    try:
        draft = calendar_preview(owner=request.user, values=form.fields_for(is_staff=False))
    except Invalid as error:
        shown = CalendarForm(typed=form.typed)
        shown.refuse(error)
        return {"year": None, "problems": [fault for faults in shown.errors.values() for fault in faults]}
    return {"year": draw_year(draft, timezone.localdate()), "holds": holds(draft), "problems": []}


def _draw(request: Request, form: CalendarForm, *, row: Calendar | None = None, status: int = 200) -> HttpResponse:
    can_edit = row is None or can_edit_calendar(request.user, row)
    fields = form.drawn(is_staff=manages_all(request.user))
    placed = {path: faults for path, faults in form.errors.items() if path != "ical"}
    context = {
        "calendar": row,
        "form": form,
        "fields": fields,
        "most_bytes": MOST_BYTES,
        "most": f"{MOST_BYTES // 1024} KiB",
        "unplaced": unplaced(placed, list(fields.values())),
        "has_errors": any(form.errors.values()),
        "can_edit": can_edit,
        "is_broken": row is not None and not is_readable(row),
        **_year(request, form),
        **_uses(request, row),
    }
    return render(request, "pages/calendar-form.html", context, fragments=FRAGMENTS, status=status)


def _uses(request: Request, row: Calendar | None) -> dict[str, Any]:
    """The tasks that keep it: those that the reader may see, and how many there are besides."""
    if row is None:
        return {"use_count": 0, "tasks": [], "more_count": 0, "hidden_count": 0}
    uses = living_tasks_using(row)
    seen = visible_tasks(request.user).filter(pk__in=uses.values("pk"))
    count, seen_count = uses.count(), seen.count()
    return {
        "use_count": count,
        "tasks": seen.select_related("owner").order_by("name")[:_MOST_TASKS],
        "more_count": max(seen_count - _MOST_TASKS, 0),
        "hidden_count": count - seen_count,
    }
