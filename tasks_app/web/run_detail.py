"""One run: where it stands, how it got there, what it said, and what can be done."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.models import TaskRun
from tasks_app.selectors.collections import collection_of_run
from tasks_app.selectors.effects import run_effects
from tasks_app.selectors.files import files_of_run
from tasks_app.selectors.run_list import run_story
from tasks_app.services.audit import shows_payload
from tasks_app.states import FINAL, Status
from tasks_app.web import words
from tasks_app.web.objects import run_or_404
from tasks_app.web.page import Request, page, render
from tasks_app.web.platform_state import why_it_is_silent, why_it_waits
from tasks_app.web.run_logs import log_context
from tasks_app.web.run_origin import origin_of
from tasks_app.web.run_times import steps_of, stretches, time_left, took
from tasks_app.web.traceback_view import TracePart, split_trace

RERUNS = 5
FRAGMENTS = {name: f"parts/{name}.html" for name in ("run-head", "run-outcome", "run-story", "run-facts")}


@dataclass(frozen=True)
class Result:
    """What came of the run: in the handler's words, and as it is."""

    summary: str
    rest: Any


@require_safe
@page
def run_detail(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """Show the run; its head, its story and its facts are fetched again as it moves."""
    run = run_or_404(request, run_id)
    events, attempts = run_story(run)
    steps, now, silence = steps_of(events), timezone.now(), why_it_is_silent(run)
    logs = {} if request.headers.get("HX-Target") in FRAGMENTS else log_context(request, run)
    context: dict[str, Any] = {
        "run": run,
        "topic": f"run:{run.pk}",
        **_watched(request, run),
        "title": run.task.name if run.task else words.type_title(run.type),
        "type": words.type_title(run.type),
        "steps": steps,
        "stretches": stretches(steps, now),
        "time_left": "" if silence else time_left(run, now),
        "stopping": _stopping(run),
        "origin": origin_of(run),
        "fenced": [event for event in events if event.target == "fenced"],
        "settled": [event for event in events if event.target == "settled"],
        "effects": run_effects(run),
        "attempts": [{"attempt": attempt, "trace": _trace(attempt.traceback)} for attempt in attempts],
        **logs,
        "reruns": run.reruns.order_by("-id")[:RERUNS],
        "is_shown": shows_payload(request.user, run),
        "sentence": silence or _sentence(run),
        "result": _result(run.result),
        "collection": collection_of_run(request.user, run),
        "files": files_of_run(request.user, run),
    }
    return render(request, "pages/run-detail.html", context, fragments=FRAGMENTS)


def _watched(request: Request, run: TaskRun) -> dict[str, Any]:
    """Whether it had not ended when the page was opened: then its parts keep their places, whatever becomes of it."""
    if run.status in FINAL and "watched" not in request.GET:
        return {"is_watched": False}
    return {"is_watched": True, "live_path": f"{request.path}?watched=1"}


def _stopping(run: TaskRun) -> str:
    """How far a run is that was asked to stop: asked and stopping, stopped, or ended before it came to that."""
    if run.cancel_requested_at is None:
        return ""
    return "stopping" if run.status not in FINAL else "stopped" if run.status == Status.CANCELLED else "ended"


def _trace(text: str) -> list[TracePart]:
    return split_trace(text) if text else []


def _result(value: Any) -> Result:
    """What a handler put under `summary` is its own sentence about the rest."""
    if not isinstance(value, dict) or not isinstance(value.get("summary"), str):
        return Result("", value)
    rest = {name: one for name, one in value.items() if name != "summary"}
    return Result(value["summary"], rest or None)


def _sentence(run: TaskRun) -> str:
    """What one wants to know first, after the state itself."""
    attempt = f"attempt {run.attempt} of {run.max_attempts}"
    if run.status in FINAL:
        return _ending(run)
    if run.cancel_requested_at:
        return "It has been asked to stop, and gets a few seconds to do so by itself."
    said = {
        "running": f"On {run.worker}, {attempt}.",
        "queued": why_it_waits(run) or f"Waits for a worker in queue {run.queue}.",
        "scheduled": f"Waits for its time: {attempt}.",
        "waiting": "Waits for its turn in its batch.",
    }
    return said[run.status]


def _ending(run: TaskRun) -> str:
    if run.range_count:
        return f"Stands for {words.plural(run.range_count, 'slot')} that did not run."
    skipped_for = run.error if run.status == "skipped" else ""
    reason = skipped_for.strip().split("\n", 1)[0].rstrip(".") or words.REASONS.get(run.reason, "")
    return " ".join(f"{said[0].upper()}{said[1:]}." for said in (reason, took(run)) if said)
