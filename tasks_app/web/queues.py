"""Queues, for those who may manage them: what waits in each, who serves it, holding it and letting it go on."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib import messages as say
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.errors import Invalid
from tasks_app.models import Queue, db_now
from tasks_app.selectors.access import has_right, is_operator
from tasks_app.selectors.health import needed_queues
from tasks_app.selectors.operations import COUNTED, QueueState, due_tasks, queue_get, queue_state, queue_states
from tasks_app.selectors.throughput import LATELY, SPAN, Done, Throughput, throughput
from tasks_app.services.queues import RANK_MOST, queue_create, queue_pause, queue_resume, queue_update
from tasks_app.web.forms.field import Errors, Field, messages
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, act, actor_of, local_next, page, render
from tasks_app.web.spark import Spark, spark
from tasks_app.web.words import plural

FRAGMENTS = {"queue-table": "parts/queue-table.html"}
_START = {"name": "", "description": "", "rank": "10", "is_background": ""}


@dataclass(frozen=True)
class Row:
    """A queue as its page tells it; `trouble` is what needs a person, `idle` what does not yet."""

    state: QueueState
    done: Done
    spark: Spark
    trouble: str
    idle: str


@require_safe
@page
def queue_list(request: Request) -> HttpResponse:
    """Show every queue; the table is fetched again every few seconds."""
    require_manager(request)
    now = db_now()
    done = throughput(now)
    states = queue_states()
    needed = set(needed_queues([state.queue.name for state in states if _trouble(state) and not state.quiet]))
    rows = [_row(state, done, needed) for state in states]
    context = {
        "rows": rows,
        "is_lately_whole": done.is_whole(now, LATELY),
        "is_hour_whole": done.is_whole(now, SPAN),
        "may_add": has_right(request.user, "add_queue"),
        "may_change": has_right(request.user, "change_queue"),
        "sentence": _sentence(rows),
    }
    return render(request, "pages/queue-list.html", context, fragments=FRAGMENTS)


@require_http_methods(["GET", "POST"])
@page
def queue_hold(request: Request, name: str) -> HttpResponse:
    """Let its runs wait, after asking; of a queue that is paused, change the note."""
    queue = _queue(request, name)
    if request.method == "GET":
        return render(request, "pages/confirm.html", {**_asked(queue), "back": reverse("queue-list")})
    note, is_change = request.POST.get("note", ""), "is_change" in request.POST
    if is_change and queue.paused_at is None:
        say.warning(request, f"“{queue.name}” has been resumed since, so there is no note to change.")
        return redirect("queue-list")
    is_held = f"“{queue.name}” is paused. Its runs wait until it is resumed."
    return act(
        request,
        lambda: queue_pause(queue=queue, actor=actor_of(request), note=note if is_change else note or None),
        success=f"The note is kept; “{queue.name}” stays paused." if is_change else is_held,
        then=local_next(request, reverse("queue-list")),
    )


@require_POST
@page
def queue_go_on(request: Request, name: str) -> HttpResponse:
    """Let its runs go on."""
    queue = _queue(request, name)
    return act(
        request,
        lambda: queue_resume(queue=queue, actor=actor_of(request)),
        success=f"“{queue.name}” goes on.",
        then=local_next(request, reverse("queue-list")),
    )


@require_http_methods(["GET", "POST"])
@page
def queue_new(request: Request) -> HttpResponse:
    """Make a queue."""
    require_manager(request)
    _require(request, "add_queue")
    if request.method == "GET":
        return _draw(request, None, _START, {})
    typed = {name: request.POST.get(name, "") for name in _START}
    try:
        made = queue_create(
            name=typed["name"].strip(),
            description=typed["description"],
            rank=_rank(typed["rank"]),
            is_background=bool(typed["is_background"]),
            actor=actor_of(request),
        )
    except Invalid as error:
        return _draw(request, None, typed, error.fields, status=400)
    say.success(request, f"“{made.name}” is there. Start a worker that serves it: WORKER_QUEUES names its queues.")
    return redirect("queue-list")


@require_http_methods(["GET", "POST"])
@page
def queue_edit(request: Request, name: str) -> HttpResponse:
    """Change what a queue says and when it is served."""
    queue = _queue(request, name)
    _require(request, "change_queue")
    if request.method == "GET":
        stored = {"name": queue.name, "description": queue.description, "rank": str(queue.rank)}
        return _draw(request, queue, {**stored, "is_background": "on" * queue.is_background}, {})
    typed = {name: request.POST.get(name, "") for name in _START}
    try:
        queue_update(
            queue=queue,
            description=typed["description"],
            rank=_rank(typed["rank"]),
            is_background=bool(typed["is_background"]),
            actor=actor_of(request),
        )
    except Invalid as error:
        return _draw(request, queue, typed, error.fields, status=400)
    say.success(request, f"“{queue.name}” is changed; workers follow within seconds.")
    return redirect("queue-list")


def require_manager(request: Request) -> None:
    """Those who may not manage queues find nothing here."""
    if not is_operator(request.user):
        raise Http404


def _require(request: Request, right: str) -> None:
    if not has_right(request.user, right):
        raise PermissionDenied("You may look at queues and pause them, but not do this.")


def _queue(request: Request, name: str) -> Queue:
    require_manager(request)
    with missing_or_refused():
        return queue_get(name)


def _rank(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _row(state: QueueState, done: Throughput, needed: Collection[str]) -> Row:
    own = done.of(state.queue.name)
    title = f"{plural(own.hour, 'run')} ended in the last hour, a bar for every 2 minutes"
    trouble = _trouble(state)
    is_idle = bool(trouble) and not state.quiet and state.queue.name not in needed
    idle = "No worker serves it yet, and nothing comes to it." * is_idle
    return Row(state, own, spark(own.bars, title), "" if is_idle else trouble, idle)


def _trouble(state: QueueState) -> str:
    if state.workers or state.queue.paused_at is not None:
        return ""
    why = "every worker that serves it is quiet" if state.quiet else "no worker serves it"
    if not state.queued:
        return f"{why[0].upper()}{why[1:]}."
    return f"{_many(state.queued)} and {why}."


def _asked(queue: Queue) -> dict[str, str]:
    """What is asked before a queue is paused; of one that is paused, what its note is to say."""
    asked = {"note_for": "for those who find it paused"}
    if queue.paused_at is None:
        text = " ".join(filter(None, _held_up(queue_state(queue), due_tasks(queue))))
        return {**asked, "title": f"Pause the queue “{queue.name}”?", "text": text, "verb": "Pause the queue"}
    title, text = f"Why is the queue “{queue.name}” paused?", "It stays paused; only the note changes."
    return {**asked, "title": title, "text": text, "verb": "Change the note", "note": queue.pause_note, "change": "1"}


def _held_up(state: QueueState, due: int) -> list[str]:
    """Say what a pause of the queue means: for what waits, what comes and what runs."""
    waits = f"{_many(state.queued)} in it" if state.queued else "Nothing waits in it"
    comes = (
        f"{plural(due, 'task')} {'has' if due == 1 else 'have'} a run planned" if due else "no task has a run planned"
    )
    goes_on = f"What runs goes on: {plural(state.running, 'run')} now." if state.running else ""
    return [
        f"{waits}, and {comes} within the next 24 hours.",
        "Whatever waits or comes stays until somebody resumes the queue.",
        goes_on,
    ]


def _many(queued: int) -> str:
    if queued >= COUNTED:
        return "More than 1,000 runs wait"
    return f"{plural(queued, 'run')} {'waits' if queued == 1 else 'wait'}"


def _sentence(rows: list[Row]) -> str:
    """Say in a line how the queues stand."""
    queued, running = sum(row.state.queued for row in rows), sum(row.state.running for row in rows)
    is_more = any(row.state.queued >= COUNTED for row in rows)
    waits = f"{'more than ' * is_more}{plural(queued - is_more, 'run')} {'wait' if queued != 1 else 'waits'}"
    runs = "1 runs now" if running == 1 else f"{running:,} run now" if running else "none runs now"
    parts = [waits if queued else "Nothing waits", runs]
    paused = sum(row.state.queue.paused_at is not None for row in rows)
    if paused:
        parts.append(f"{plural(paused, 'queue')} {'is' if paused == 1 else 'are'} paused")
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _draw(
    request: Request, queue: Queue | None, typed: dict[str, str], errors: Errors, *, status: int = 200
) -> HttpResponse:
    named = Field(
        path="name",
        label="Name",
        value=typed["name"],
        is_required=True,
        attributes={"maxlength": "100", "autocomplete": "off", "autocapitalize": "none"},
        help="Letters, digits, '_', '.' and '-'. It keeps this name, because tasks and runs hold it.",
        errors=messages(errors, "name"),
    )
    fields = [
        *([] if queue else [named]),
        Field(
            path="description",
            label="What goes into it",
            value=typed["description"],
            attributes={"maxlength": "300"},
            errors=messages(errors, "description"),
        ),
        Field(
            path="rank",
            label="Rank",
            kind="int",
            value=typed["rank"],
            is_required=True,
            attributes={"min": "0", "max": str(RANK_MOST)},
            help="A worker looks at the lower rank first.",
            errors=messages(errors, "rank"),
        ),
        Field(
            path="is_background",
            label="Background work",
            kind="bool",
            value=bool(typed["is_background"]),
            help="Never takes a worker's last free child.",
        ),
    ]
    return render(request, "pages/queue-form.html", {"queue": queue, "fields": fields}, status=status)
