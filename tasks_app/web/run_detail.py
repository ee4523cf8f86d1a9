"""One run: where it stands, how it got there, what it said, and what can be done."""

import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from tasks_app.models import RunAttempt, TaskRun
from tasks_app.selectors.access import manages_all
from tasks_app.selectors.alerts import WHAT_TO_DO
from tasks_app.selectors.collections import collection_of_run
from tasks_app.selectors.effects import Known, known_of, run_effects
from tasks_app.selectors.files import files_of_run
from tasks_app.selectors.run_list import run_story
from tasks_app.services.audit import shows_payload
from tasks_app.states import FINAL, Reason, Status
from tasks_app.web import query, words
from tasks_app.web.objects import run_or_404
from tasks_app.web.page import Request, page, part_wanted, render
from tasks_app.web.platform_state import why_it_is_silent, why_it_waits
from tasks_app.web.run_beside import beside
from tasks_app.web.run_logs import log_context
from tasks_app.web.run_origin import origin_of
from tasks_app.web.run_times import steps_of, stretches, time_left, took
from tasks_app.web.traceback_view import has_own_code, split_trace

RERUNS = 5
FRAGMENTS = {name: f"parts/{name}.html" for name in ("run-head", "run-outcome", "run-story", "run-facts")}


@dataclass(frozen=True)
class Result:
    """What came of the run: in the handler's words, and as it is."""

    summary: str
    rest: Any


@require_safe
@page
@query.tidied
def run_detail(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """Show the run; its head, its story and its facts are fetched again as it moves."""
    run = run_or_404(request, run_id)
    is_part = part_wanted(request) in FRAGMENTS
    context: dict[str, Any] = {
        "run": run,
        "topic": f"run:{run.pk}",
        **_watched(request, run),
        "title": run.task.name if run.task else words.type_title(run.type),
        "type": words.type_title(run.type),
        "stopping": _stopping(run),
        "origin": SimpleLazyObject(lambda: origin_of(run)),
        **_story(run),
        **_stand(run),
        **_effects(run),
        **({} if is_part else log_context(request, run)),
        "reruns": run.reruns.order_by("-id")[:RERUNS],
        "is_shown": shows_payload(request.user, run),
        "todo": _todo(run),
        "result": _result(run.result),
        "collection": SimpleLazyObject(lambda: collection_of_run(request.user, run)),
        "files": SimpleLazyObject(lambda: files_of_run(request.user, run)),
        "changes_all": manages_all(request.user),
        "beside": SimpleLazyObject(lambda: beside(request.user, run)),
    }
    return render(request, "pages/run-detail.html", context, fragments=FRAGMENTS)


def _effects(run: TaskRun) -> dict[str, Any]:
    said = SimpleLazyObject(lambda: words.KNOWN.get(known_of([run]).get(run.id, Known.LOST), ""))
    return {"effects": SimpleLazyObject(lambda: run_effects(run)), "known": said}


def _story(run: TaskRun) -> dict[str, Any]:
    """What happened to it, read once where a part of the page shows it."""
    story = cache(lambda: run_story(run))
    steps = cache(lambda: steps_of(story()[0]))
    return {
        "steps": SimpleLazyObject(steps),
        "stretches": SimpleLazyObject(lambda: stretches(steps(), timezone.now())),
        "fenced": SimpleLazyObject(lambda: [event for event in story()[0] if event.target == "fenced"]),
        "settled": SimpleLazyObject(lambda: [event for event in story()[0] if event.target == "settled"]),
        "attempts": SimpleLazyObject(lambda: [_attempt(attempt) for attempt in story()[1]]),
    }


def _stand(run: TaskRun) -> dict[str, Any]:
    """How it stands, read once where a part of the page shows it."""
    silence = cache(lambda: why_it_is_silent(run))
    return {
        "sentence": SimpleLazyObject(lambda: silence() or _sentence(run)),
        "time_left": SimpleLazyObject(lambda: "" if silence() else time_left(run, timezone.now())),
    }


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


def _attempt(attempt: RunAttempt) -> dict[str, Any]:
    """What a handler refused in its own words needs no stack beside them, nor does a type that comes along."""
    trace = split_trace(attempt.traceback) if attempt.traceback else []
    tells = attempt.error_type != "Permanent" and (not trace or has_own_code(trace))
    return {"attempt": attempt, "trace": trace, "tells": tells}


def _result(value: Any) -> Result:
    """What a handler put under `summary` is its own sentence about the rest."""
    if not isinstance(value, dict) or not isinstance(value.get("summary"), str):
        return Result("", value)
    rest = {name: one for name, one in value.items() if name != "summary"}
    return Result(value["summary"], rest or None)


def _todo(run: TaskRun) -> str:
    """What to do about a task's failure where the error does not tell: a handler's does, an effect has its part."""
    is_told = run.dismissed_at or run.reason in {Reason.HANDLER_ERROR, Reason.EFFECT_UNKNOWN}
    return "" if run.status != Status.FAILED or run.task is None or is_told else WHAT_TO_DO.get(run.reason, "")


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
