"""What follows from the good ends of a group of short runs, in one transaction for all of them."""

from collections.abc import Sequence
from contextlib import nullcontext

from django.db import connection, transaction

from tasks_app.models import ScheduledTask
from tasks_app.models.rows import document_of, values_of
from tasks_app.services import group_moves, lifecycle, turns
from tasks_app.services.group_moves import Ended
from tasks_app.states import Status

_TASKS = ScheduledTask._meta.db_table


def attempts_succeeded(ended: Sequence[Ended]) -> list[Ended]:
    """End the runs well; gives those that were, for `tell`. A void claim leaves its run, and is noted as fenced."""
    if not ended:
        return []
    task_ids = sorted({one.run.task_id for one in ended if one.run.task_id is not None})
    with transaction.atomic() if task_ids else nullcontext():  # runs alone are moved in one statement
        if task_ids:  # before the runs, as pausing, cancelling and firing do: the other way round could deadlock
            tasks = ScheduledTask.objects.filter(id__in=task_ids).order_by("id")
            list(tasks.select_for_update(of=("self",)).values_list("id"))
        moved = group_moves.succeed_all(ended)
        written = [one for one in ended if one.run.id in moved]
        _tell_tasks([one for one in written if one.run.task_id is not None])
        for batch_id in {one.run.batch_id for one in written}:
            turns.advance_on_commit(batch_id)
    for one in ended:
        if one.run.id not in moved:
            lifecycle.record_fenced(one.held, wanted="succeeded")
    return written


def tell(written: Sequence[Ended]) -> None:
    """Tell watchers of the ends, in one message."""
    if written:
        lifecycle.announce_moves([(one.run, one.finished_at) for one in written], source=Status.RUNNING)


def _tell_tasks(ended: Sequence[Ended]) -> None:
    """Keep the summaries of the tasks; how a backfill fares says nothing about its task's failures in a row."""
    last = {one.run.task_id: one for one in ended}
    if not last:
        return
    names = ("id", "last_run_id", "last_run_at", "failures_in_row")
    fields = [ScheduledTask._meta.get_field(name) for name in names]
    rows = [(task_id, one.run.id, one.started_at, int(one.run.batch_id is None)) for task_id, one in last.items()]
    sql = (
        f"UPDATE {_TASKS} SET last_run_id = v.column2, last_run_at = v.column3, last_run_status = '{Status.SUCCEEDED}',"  # noqa: S608  # our own names only
        " failures_in_row = CASE WHEN v.column4 = 1 THEN 0 ELSE failures_in_row END"
        f" FROM {values_of(fields)} WHERE {_TASKS}.id = v.column1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [document_of(fields, rows)])
