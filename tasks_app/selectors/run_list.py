"""The list of runs: filters, and pages by keyset, whose cost does not grow with the history."""

import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields import TextField
from django.db.models.functions import Cast

from tasks_app.models import RunAttempt, RunEvent, TaskRun, db_now
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.access import Person, visible_runs
from tasks_app.selectors.matching import with_tag
from tasks_app.selectors.run_terms import NO_ERROR_TYPE, condition, mentions, names_tag
from tasks_app.selectors.search_text import Search
from tasks_app.states import OPEN, Status

_APART = timedelta(minutes=5)
"""Ids are made by the clocks of processes and ends by that of the database, which may differ so much."""

_LISTED = (
    *("task__name", "owner", "type", "trigger", "status", "reason", "version", "error", "progress", "progress_seq"),
    *("created_at", "scheduled_for", "started_at", "finished_at", "range_to", "range_count", "cancel_requested_at"),
    *("claim_no", "failures", "crashes", "dismissed_at", "worker"),
)


@dataclass(frozen=True, kw_only=True)
class RunFilters:
    """What the list is narrowed to; an empty field narrows nothing. `needs` means: failed and not dismissed.

    `latest` leaves out, of a batch, what was run again within it; `no_waiting` what waits for its turn; `not_ended`
    what has ended; `of_tasks` what belongs to no task. `created_…` is about when a run was made, `ended_…` about when
    it ended. `search` is looked for as it stands; `read` is a text of the grammar, whose times count from `now`, its
    days in `zone`. `ids` are those that somebody has ticked.
    """

    ids: tuple[uuid.UUID, ...] = ()
    status: str = ""
    reason: str = ""
    type: str = ""
    task: uuid.UUID | None = None
    batch: uuid.UUID | None = None
    latest: bool = False
    no_waiting: bool = False
    not_ended: bool = False
    of_tasks: bool = False
    queue: str = ""
    worker: str = ""
    tag: str = ""
    trigger: str = ""
    error_type: str = ""
    search: str = ""
    read: Search | None = None
    now: datetime | None = None
    zone: tzinfo = UTC
    created_from: datetime | None = None
    created_to: datetime | None = None
    ended_from: datetime | None = None
    ended_to: datetime | None = None
    needs: bool = False

    @property
    def is_any(self) -> bool:
        """Something narrows the list."""
        return bool(self.asked)

    @property
    def asked(self) -> list[str]:
        """The names of what narrows the list."""
        return [one.name for one in fields(self) if one.name not in ("now", "zone") and getattr(self, one.name)]

    @property
    def top(self) -> uuid.UUID | None:
        """The id that lies behind all of them in time, if one does: who ended before an instant was made before it."""
        ended_to = None if self.ended_to is None else self.ended_to + _APART
        ends = [one for one in (self.created_to, ended_to) if one is not None]
        return first_id_at(min(ends)) if ends else None


def run_search(user: Person, filters: RunFilters) -> QuerySet[TaskRun]:
    """The runs that the user may see and that match, newest first."""
    rows = visible_runs(user).select_related("task").filter(_exactly(filters), _in_range(filters))
    if filters.tag:
        rows = with_tag(rows, filters.tag)
    if filters.search:
        rows = rows.filter(mentions(filters.search))
    if filters.read is not None:
        rows = _as_read(user, rows, filters, filters.read)
    return rows.order_by("-id")


def _as_read(user: Person, rows: QuerySet[TaskRun], filters: RunFilters, search: Search) -> QuerySet[TaskRun]:
    if names_tag(search):
        rows = rows.annotate(_tags=Cast("tags", TextField()))
    return rows.filter(condition(user, search, now=filters.now or db_now(), zone=filters.zone))


def _exactly(filters: RunFilters) -> Q:
    words = ("status", "reason", "type", "queue", "worker", "trigger")
    wanted = Q(**{name: value for name in words if (value := getattr(filters, name))})
    if filters.task is not None:
        wanted &= Q(task_id=filters.task)
    if filters.error_type:
        wanted &= Q(error_type="" if filters.error_type == NO_ERROR_TYPE else filters.error_type)
    if filters.batch is not None:
        wanted &= Q(batch_id=filters.batch)
    if filters.batch is not None and filters.latest:
        wanted &= ~Q(Exists(run_again()))
    if filters.no_waiting and not filters.status:
        wanted &= ~Q(status=Status.WAITING)
    if filters.not_ended:
        wanted &= Q(status__in=sorted(OPEN))
    if filters.of_tasks:
        wanted &= Q(task__isnull=False)
    return wanted & Q(status=Status.FAILED, dismissed_at=None) if filters.needs else wanted


def _in_range(filters: RunFilters) -> Q:
    """Ids grow with time, so a range of times is a range of ids; a list of ends begins to be read near them, too."""
    wanted = Q() if filters.top is None else Q(id__lt=filters.top)
    if filters.ids:
        wanted &= Q(id__in=filters.ids)
    if filters.created_from is not None:
        wanted &= Q(id__gte=first_id_at(filters.created_from))
    if filters.ended_from is not None:
        wanted &= Q(finished_at__gte=filters.ended_from)
    if filters.ended_to is not None:
        wanted &= Q(finished_at__lt=filters.ended_to)
    return wanted


def run_again() -> QuerySet[TaskRun]:
    """Give, for a run of a batch, the runs by which it was run again within that batch."""
    return TaskRun.objects.filter(rerun_of=OuterRef("id"), batch=OuterRef("batch"))


def as_listed(rows: QuerySet[TaskRun], *more: str) -> QuerySet[TaskRun]:
    """Read as much of runs, and the names of their tasks, as lists show; `more` names what else one does.

    A payload and a result may be 64 KiB each, and a task has a payload, too.
    """
    return rows.select_related("task").only(*_LISTED, *more)


def run_page(rows: QuerySet[TaskRun], *, before: uuid.UUID | None, size: int) -> tuple[list[TaskRun], uuid.UUID | None]:
    """Give one page and the cursor of the next, or None at the end."""
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(as_listed(rows)[: size + 1])
    return found[:size], found[size - 1].id if len(found) > size else None


def run_story(run: TaskRun) -> tuple[list[RunEvent], list[RunAttempt]]:
    """What happened to a run, in order, and its failed attempts, the latest first."""
    events = run.events.order_by("id")
    attempts = run.attempts.order_by("-claim_no")
    return list(events), list(attempts)
