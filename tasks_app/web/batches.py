"""Batches: the list of backfills, and how far each is."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.models import Batch
from tasks_app.recurrence.moments import read_instant
from tasks_app.recurrence.zones import load_zone
from tasks_app.selectors.access import Deed
from tasks_app.selectors.batches import Tally, batch_get, batch_list, batch_status, latest_runs, tallies, tally
from tasks_app.services import batches
from tasks_app.states import FINAL, Status
from tasks_app.web import query
from tasks_app.web.forms.backfill import OVERLAPS, REPROCESS
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, act, actor_of, page, render
from tasks_app.web.words import plural

SIZE = 30
SLOTS, FAILED, UNDER_WAY = 400, 5, 10
# So many slots are told apart by their dates, more by where they stand.
DATED = 60
FRAGMENTS = {name: f"parts/{name}.html" for name in ("batch-head", "batch-now", "batch-runs", "batch-failed")}
_ORDER = (
    Status.SUCCEEDED, Status.FAILED, Status.SKIPPED, Status.CANCELLED, Status.RUNNING, Status.QUEUED, Status.SCHEDULED,
    Status.WAITING,
)  # fmt: skip
_UTC = load_zone("UTC")


@dataclass(frozen=True)
class Part:
    """One state's share of a batch; `x` and `width` are percent of the bar."""

    status: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Shown:
    """A batch with what its pages say about it."""

    batch: Batch
    tally: Tally

    @property
    def status(self) -> str:
        """Where it stands."""
        return batch_status(self.batch)

    @property
    def is_open(self) -> bool:
        """It can still be cancelled."""
        return self.status == "running"

    @property
    def first(self) -> Any:
        """The first instant that was asked for."""
        return read_instant(self.batch.parameters["from"], _UTC)

    @property
    def last(self) -> Any:
        """The last instant that was asked for."""
        return read_instant(self.batch.parameters["to"], _UTC)

    @property
    def what(self) -> str:
        """What of it was to run."""
        return REPROCESS[self.batch.parameters["reprocess"]]

    @property
    def beside(self) -> str:
        """How its runs stand to others of the task."""
        return OVERLAPS[self.batch.parameters["overlap"]]

    @property
    def failed(self) -> int:
        """How many of its runs have failed, and were not run again."""
        return self.tally.counts["failed"]

    @property
    def parts(self) -> list[Part]:
        """Its runs by state, as far as they are still kept."""
        found, x = [], 0.0
        for status in _ORDER:
            if count := self.tally.counts[status]:
                width = 100 * count / max(self.tally.total, sum(self.tally.counts.values()))
                found.append(Part(status.value, count, round(x, 3), round(width, 3)))
                x += width
        return found

    @property
    def outcome(self) -> str:
        """How its runs stand, in words."""
        return ", ".join(f"{part.count} {part.status}" for part in self.parts) or "its runs are no longer kept"

    @property
    def label(self) -> str:
        """The bar in words."""
        return f"{self.tally.done} of {self.tally.total} done: {self.outcome}"


@require_safe
@page
def batch_list_page(request: Request) -> HttpResponse:
    """Show every batch that this person may see."""
    task, number = query.identifier(request.GET, "task"), query.number(request.GET, "page", most=200)
    rows = batch_list(request.user, task=task)
    found = list(rows[(number - 1) * SIZE : number * SIZE + 1])
    counted = tallies(found[:SIZE])
    context = {
        "batches": [Shown(batch, counted[batch.id]) for batch in found[:SIZE]],
        "is_any_open": any(batch.finished_at is None for batch in found),
        "page": number,
        "has_next": len(found) > SIZE,
    }
    return render(request, "pages/batch-list.html", context, fragments={"batch-table": "parts/batch-table.html"})


@require_safe
@page
def batch_detail(request: Request, batch_id: uuid.UUID) -> HttpResponse:
    """Show one batch; its head and its runs are fetched again as they move."""
    batch = _batch_or_404(request, batch_id)
    runs = latest_runs(batch)
    slots = list(runs.order_by("scheduled_for", "id").only("id", "status", "version", "scheduled_for")[:SLOTS])
    failed = list(runs.filter(status=Status.FAILED).order_by("scheduled_for")[:FAILED])
    running = runs.filter(status=Status.RUNNING).order_by("started_at", "id")
    under_way = list(running.select_related("task")[:UNDER_WAY])
    context = {
        "shown": Shown(batch, tally(batch)),
        "batch": batch,
        "topic": f"task:{batch.task_id}",
        "slots": slots,
        "are_dated": len(slots) <= DATED,
        "more_slots": max(0, batch.total - len(slots)) if slots else 0,
        "failed": failed,
        "is_watched": batch.finished_at is None and not failed,
        "under_way": under_way,
        "free_places": range(min(batch.max_concurrency, batch.total, UNDER_WAY) - len(under_way)),
    }
    return render(request, "pages/batch-detail.html", context, fragments=FRAGMENTS)


@require_http_methods(["GET", "POST"])
@page
def batch_cancel(request: Request, batch_id: uuid.UUID) -> HttpResponse:
    """Stop it, after asking."""
    batch = _batch_or_404(request, batch_id, Deed.CANCEL)
    back = reverse("batch-detail", args=[batch_id])
    if request.method == "GET":
        left = sum(count for status, count in tally(batch).counts.items() if status not in FINAL)
        text = f"{plural(left, 'run')} of it {'has' if left == 1 else 'have'} not ended."
        context = {
            "title": "Cancel this backfill?",
            "text": f"{text} What waits is cancelled, what runs is asked to stop. What has ended stays as it is.",
            "verb": "Cancel the backfill",
            "back": back,
        }
        return render(request, "pages/confirm.html", context)
    return act(
        request,
        lambda: batches.batch_cancel(batch=batch, actor=actor_of(request)),
        success="Cancelled. What runs has been asked to stop.",
        then=back,
    )


@require_POST
@page
def batch_retry(request: Request, batch_id: uuid.UUID) -> HttpResponse:
    """Run again what has failed."""
    batch = _batch_or_404(request, batch_id, Deed.RUN)
    return act(
        request,
        lambda: batches.batch_retry(batch=batch, actor=actor_of(request)),
        success="What failed runs again, each in its turn.",
        then=reverse("batch-detail", args=[batch_id]),
    )


def _batch_or_404(request: Request, batch_id: uuid.UUID, deed: Deed = Deed.VIEW) -> Batch:
    with missing_or_refused():
        return batch_get(request.user, batch_id, deed)
