"""Ended runs and their logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from tasks_app.models import Effect, RunLog, ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.services.cleaning.pace import Pace, pages
from tasks_app.services.cleaning.whose import Whose
from tasks_app.states import FINAL, OPEN, Status

_MANY_LINES = 500
_RUNS_AT_ONCE = 50
_LONGEST_CHAIN = 1000


@dataclass(frozen=True, kw_only=True)
class RunChoice:
    """Which ended runs: of these statuses, ended before an instant, or more than `keep_last` runs of their task ago.

    Where both are given, both must hold. Failed runs that wait for a person are left out unless `needing_person`.
    """

    statuses: Sequence[str] = tuple(sorted(FINAL))
    before: datetime | None = None
    keep_last: int | None = None
    task_id: UUID | None = None
    type: str | None = None
    needing_person: bool = False

    def __post_init__(self) -> None:
        if self.before is None and self.keep_last is None:
            raise ValueError("a choice of runs needs a bound")

    def found(self, whose: Whose) -> Iterator[QuerySet[TaskRun]]:
        """Give queries that together find the runs, each one read along an index."""
        runs = whose.of(TaskRun.objects.filter(status__in=set(self.statuses) & FINAL))
        if self.type is not None:
            runs = runs.filter(type=self.type)
        if self.task_id is not None:
            runs = runs.filter(task_id=self.task_id)
        if self.keep_last is not None:
            for task_id in chain.from_iterable(pages(self._tasks(whose))):
                beyond = self._beyond(runs, task_id)
                if beyond is not None:
                    yield self._aged(beyond)
        elif whose.is_everybody and self.task_id is None and self.type is None:
            for status in sorted(set(self.statuses) & FINAL):
                yield self._aged(runs.filter(status=status))
        else:
            yield self._aged(runs)

    def _tasks(self, whose: Whose) -> QuerySet[ScheduledTask]:
        tasks = whose.of(ScheduledTask.objects.all())
        return tasks if self.task_id is None else tasks.filter(id=self.task_id)

    def _beyond(self, runs: QuerySet[TaskRun], task_id: UUID) -> QuerySet[TaskRun] | None:
        """Give the task's runs before its `keep_last` newest ones; None when it has no more than those."""
        assert self.keep_last is not None
        of_task = runs.filter(task_id=task_id)
        last_kept = of_task.order_by("-id").values_list("id", flat=True)[self.keep_last - 1 : self.keep_last].first()
        return None if last_kept is None else of_task.filter(id__lt=last_kept)

    def _aged(self, runs: QuerySet[TaskRun]) -> QuerySet[TaskRun]:
        if not self.needing_person:
            runs = runs.exclude(status=Status.FAILED, dismissed_at__isnull=True)
        if self.before is None:
            return runs
        # Ids grow with time, so an index on them finds the old runs without a look at the others.
        return runs.filter(id__lt=first_id_at(self.before), finished_at__lt=self.before)


def clean_runs(whose: Whose, choice: RunChoice, *, dry_run: bool = False) -> Iterator[int]:
    """Delete runs with all that they left but their files; gives the number of each batch."""
    pace = Pace()
    for runs in choice.found(whose):
        for page in pages(runs):
            if dry_run:
                yield len(page) - len(pointed_to(page))
            else:
                yield from delete_ended(page, pace)


def clean_logs(whose: Whose, choice: RunChoice, *, dry_run: bool = False) -> Iterator[int]:
    """Delete the log lines of runs, which stay; gives the number of lines of each batch."""
    pace = Pace()
    for runs in choice.found(whose):
        for page in pages(runs.filter(log_lines__gt=0)):
            if dry_run:
                yield TaskRun.objects.filter(id__in=page).aggregate(lines=Sum("log_lines"))["lines"] or 0
                continue
            for at in range(0, len(page), _RUNS_AT_ONCE):
                yield from _delete_logs(page[at : at + _RUNS_AT_ONCE], pace)


def delete_ended(ids: list[UUID], pace: Pace) -> Iterator[int]:
    """Delete those of the runs that have ended and that no open run points to; gives the number of each batch.

    Their side effects go once no run of the same root is left: until then a retry must know them.
    """
    wordy = TaskRun.objects.filter(id__in=ids, status__in=FINAL, log_lines__gt=_MANY_LINES)
    for run_id in set(wordy.values_list("id", flat=True)) - pointed_to(ids):
        yield from (0 for _ in _delete_logs([run_id], pace))
    for piece in pace.slices(ids):
        with pace.turn():
            count, roots = _delete(piece)
        yield count
        yield from (0 for _ in _delete_effects(roots, pace))


def pointed_to(ids: Sequence[UUID]) -> set[UUID]:
    """Give those of the runs that an open run is a retry or a child of, over any number of steps."""
    held: set[UUID] = set()
    above = {run_id: {run_id} for run_id in ids}
    for _ in range(_LONGEST_CHAIN):
        below: dict[UUID, set[UUID]] = {}
        for field in ("rerun_of_id", "parent_id"):
            rows = TaskRun.objects.filter(**{f"{field}__in": list(above)}).values_list("id", field, "status")
            for run_id, pointed, status in rows:
                if status in OPEN:
                    held |= above[pointed]
                else:
                    below.setdefault(run_id, set()).update(above[pointed])
        if not below:
            break
        above = below
    return held


def _delete(ids: list[UUID]) -> tuple[int, set[UUID]]:
    """Delete inside the caller's transaction; gives the number and the roots of what has gone."""
    locked = TaskRun.objects.select_for_update(of=("self",), skip_locked=True).filter(id__in=ids, status__in=FINAL)
    roots = {run_id: root or run_id for run_id, root in locked.values_list("id", "root_run_id")}
    for run_id in pointed_to(list(roots)):
        del roots[run_id]
    TaskRun.objects.filter(id__in=list(roots)).only("id").delete()
    return len(roots), set(roots.values())


def _delete_effects(roots: set[UUID], pace: Pace) -> Iterator[int]:
    left = rootless(roots)
    found = pages(Effect.objects.filter(root_run_id__in=left)) if left else iter(())
    for page in found:
        for piece in pace.slices(page):
            with pace.turn():
                Effect.objects.filter(id__in=piece).delete()
            yield len(piece)


def rootless(roots: set[UUID]) -> set[UUID]:
    """Give those of the roots of which no run is left."""
    alive = set(TaskRun.objects.filter(id__in=roots).values_list("id", flat=True))
    retried = TaskRun.objects.filter(root_run_id__in=roots).values_list("root_run_id", flat=True)
    return roots - alive - set(retried)


def _delete_logs(run_ids: list[UUID], pace: Pace) -> Iterator[int]:
    while True:
        with pace.turn():
            chunks: list[Any] = list(
                RunLog.objects.filter(run_id__in=run_ids).values_list("id", "line_count")[: pace.size]
            )
            RunLog.objects.filter(id__in=[chunk_id for chunk_id, _ in chunks]).delete()
            if is_last := len(chunks) < pace.size:
                TaskRun.objects.filter(id__in=run_ids).update(log_lines=0)
        yield sum(count for _, count in chunks)
        if is_last:
            return
