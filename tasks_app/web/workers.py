"""Workers and beats, for those who may manage queues: who is there, what each does now, and asking something of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.models import Beat, TaskRun, Worker, db_now
from tasks_app.selectors.health import BEAT_SILENT
from tasks_app.selectors.operations import SHOWN, WorkerState, beats, running_on, worker_get, worker_state, workers
from tasks_app.services.workers import worker_ask
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, act, actor_of, page, render
from tasks_app.web.queues import require_manager
from tasks_app.web.words import duration, plural

FRAGMENTS = {"worker-table": "parts/worker-table.html"}
_HERE = {WorkerState.ALIVE, WorkerState.QUIET, WorkerState.STOPPING, WorkerState.SILENT}
_HEARS = {WorkerState.ALIVE, WorkerState.QUIET}
# The shape and colour of each state, borrowed from those of tasks and runs.
_LOOKS = {"alive": "active", "quiet": "paused", "stopping": "running", "silent": "failed", "gone": "failed"}


@dataclass(frozen=True)
class Row:
    """A worker as its page tells it; `asked` is what it was asked to do and has not done yet."""

    worker: Worker
    state: WorkerState
    look: str
    word: str
    asked: str
    runs: list[TaskRun]

    @property
    def hears(self) -> bool:
        """Whether it makes sense to ask something of it."""
        return self.state in _HEARS

    @property
    def is_quiet(self) -> bool:
        """Whether it takes nothing more, or will not within seconds."""
        return self.worker.wish == Worker.Wish.QUIET

    @property
    def hidden(self) -> int:
        """How many of its runs the reader may not see."""
        return max(0, self.worker.running - len(self.runs)) if self.state in _HERE else 0


@dataclass(frozen=True)
class BeatRow:
    """A beat as the page tells it."""

    beat: Beat
    look: str
    word: str


@require_safe
@page
def worker_list(request: Request) -> HttpResponse:
    """Show the workers and beats of the last week; those that are there are fetched again every few seconds."""
    require_manager(request)
    now = db_now()
    found = [(one, worker_state(one, now)) for one in workers()[:SHOWN]]
    here = sorted((pair for pair in found if pair[1] in _HERE), key=lambda pair: pair[0].name)
    runs = running_on(request.user, [one for one, _ in found])
    rows = [_row(one, state, runs.get(one.name, []), now) for one, state in here]
    past = [_row(one, state, runs.get(one.name, []), now) for one, state in found if state not in _HERE]
    context = {
        "rows": rows,
        "past": past,
        "gone": sum(row.state is WorkerState.GONE for row in past),
        "stopped": sum(row.state is WorkerState.STOPPED for row in past),
        "beats": _beats(list(beats()), now),
        "sentence": _sentence(rows),
    }
    return render(request, "pages/worker-list.html", context, fragments=FRAGMENTS)


@require_POST
@page
def worker_quiet(request: Request, name: str) -> HttpResponse:
    """Ask it to take nothing more."""
    done = f"{name} ends what it has and takes nothing more, within seconds."
    return _ask(request, _worker(request, name), Worker.Wish.QUIET, done)


@require_POST
@page
def worker_resume(request: Request, name: str) -> HttpResponse:
    """Ask it to take work again."""
    return _ask(request, _worker(request, name), Worker.Wish.NONE, f"{name} takes work again, within seconds.")


@require_http_methods(["GET", "POST"])
@page
def worker_stop(request: Request, name: str) -> HttpResponse:
    """Ask it to stop in good order, after asking here."""
    worker = _worker(request, name)
    if request.method == "GET":
        context = {
            "title": f"Stop {worker.name}?",
            "text": f"{plural(worker.running, 'run') if worker.running else 'No run'} in it now. "
            "What has not ended when its grace is over goes back "
            "to the queue and costs no attempt. Whatever started it may start it again at once, as make run does, and "
            "systemd where it restarts always. To let it be and take nothing, make it quiet instead.",
            "verb": "Stop the worker",
            "back": reverse("worker-list"),
        }
        return render(request, "pages/confirm.html", context)
    return _ask(request, worker, Worker.Wish.STOP, f"{name} was asked to stop.")


def _ask(request: Request, worker: Worker, wish: Worker.Wish, success: str) -> HttpResponse:
    return act(
        request,
        lambda: worker_ask(worker=worker, wish=wish, actor=actor_of(request)),
        success=success,
        then=reverse("worker-list"),
    )


def _worker(request: Request, name: str) -> Worker:
    require_manager(request)
    with missing_or_refused():
        return worker_get(name)


def _row(worker: Worker, state: WorkerState, runs: list[TaskRun], now: datetime) -> Row:
    return Row(worker, state, _LOOKS.get(state, "cancelled"), _word(worker, state, now), _asked(worker, state), runs)


def _word(worker: Worker, state: WorkerState, now: datetime) -> str:
    if state is WorkerState.SILENT:
        return f"silent for {duration(round((now - worker.heartbeat_at).total_seconds()))}"
    return state


def _asked(worker: Worker, state: WorkerState) -> str:
    if state not in _HEARS or worker.is_quiet == (worker.wish == Worker.Wish.QUIET):
        return ""
    return "asked to be quiet" if worker.wish == Worker.Wish.QUIET else "asked to take work again"


def _beats(found: list[Beat], now: datetime) -> list[BeatRow]:
    """Tell of each; one that fell silent is no fault while another ticks, as after a crash."""
    ticks = [one.stopped_at is None and now - one.last_tick_at <= BEAT_SILENT for one in found]
    return [
        BeatRow(one, "active", "ticks") if is_there else _away(one, now, is_missed=not any(ticks))
        for one, is_there in zip(found, ticks, strict=True)
    ]


def _away(beat: Beat, now: datetime, *, is_missed: bool) -> BeatRow:
    if beat.stopped_at is not None:
        return BeatRow(beat, "cancelled", "stopped")
    silence = duration(round((now - beat.last_tick_at).total_seconds()))
    return BeatRow(beat, "failed", f"silent for {silence}") if is_missed else BeatRow(beat, "cancelled", "gone")


def _sentence(rows: Iterable[Row]) -> str:
    """Say in a line how the workers stand."""
    there = [row.worker for row in rows if row.state is not WorkerState.SILENT]
    if not there:
        return "No worker reports itself: nothing runs until one does."
    busy, children = sum(one.running for one in there), sum(one.concurrency for one in there)
    said = f"{plural(len(there), 'worker')}, {busy:,} of {children:,} children busy"
    quiet = sum(row.state is WorkerState.QUIET for row in rows)
    return f"{said}; {quiet} {'is' if quiet == 1 else 'are'} quiet." if quiet else f"{said}."
