"""Runs as rows of a table, as many as match: for files that people take away."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from tasks_app.models import TaskRun
from tasks_app.selectors.run_times import total_ms

MOST = 100_000
WALK = 1_000_000
COLUMNS = (
    *("id", "task", "task_id", "type", "status", "reason", "trigger", "started_by", "queue", "worker", "priority"),
    *("planned_for", "made_at", "started_at", "finished_at", "duration_ms", "failures", "crashes"),
    *("error_type", "error", "dismissed_at", "dismissed_by", "dismiss_note", "tags", "rerun_of", "total_ms"),
)
_PAGE = 500
_FIELDS = (
    *("id", "task_id", "type", "status", "reason", "trigger", "actor", "queue", "worker", "priority", "tags"),
    *("scheduled_for", "created_at", "started_at", "finished_at", "failures", "crashes", "error_type", "error"),
    *("dismissed_at", "dismissed_by", "dismiss_note", "rerun_of_id", "task__name"),
)


def export_pages(rows: QuerySet[TaskRun]) -> Iterator[list[list[Any]]]:
    """Give the rows of the table page by page, newest first, at most so many."""
    before: uuid.UUID | None = None
    rows, left = rows.order_by("-id").only(*_FIELDS), MOST
    while left > 0:
        found = list((rows.filter(id__lt=before) if before else rows)[: min(_PAGE, left)])
        if found:
            yield [_row(run) for run in found]
            before, left = found[-1].id, left - len(found)
        if len(found) < _PAGE:
            return


def is_cut(rows: QuerySet[TaskRun]) -> bool:
    """Say whether there are more than are given."""
    return rows.order_by("-id").values("id")[MOST : MOST + 1].exists()


def _row(run: TaskRun) -> list[Any]:
    return [
        *(run.id, run.task.name if run.task else "", run.task_id, run.type, run.status, run.reason, run.trigger),
        *(run.actor, run.queue, run.worker, run.priority, run.scheduled_for, run.created_at, run.started_at),
        *(run.finished_at, run.duration_ms, run.failures, run.crashes, run.error_type, run.error, run.dismissed_at),
        *(run.dismissed_by, run.dismiss_note, ", ".join(map(str, run.tags)), run.rerun_of_id, total_ms(run)),
    ]
