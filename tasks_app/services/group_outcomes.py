"""What follows from the good ends of a group of short runs, in one transaction for all of them."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from uuid import UUID

from django.db import OperationalError, connection, transaction

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.models.rows import document_of, values_of
from tasks_app.services import group_moves, lifecycle, turns
from tasks_app.services.group_moves import Ended
from tasks_app.services.locks import Patience, is_lock_timeout
from tasks_app.states import Status

_TASKS = ScheduledTask._meta.db_table


def attempts_succeeded(ended: Sequence[Ended]) -> list[Ended]:
    """End the runs well; gives those that were, for `tell`, now or before by a commit whose answer was lost.

    A void claim leaves its run, and is noted as fenced.
    """
    if not ended:
        return []
    task_ids = _task_ids(ended)
    with transaction.atomic(savepoint=False) if task_ids else nullcontext():  # runs alone are moved in one statement
        if task_ids:  # before the runs, as pausing, cancelling and firing do: the other way round could deadlock
            tasks = ScheduledTask.objects.filter(id__in=task_ids).order_by("id")
            list(tasks.select_for_update(of=("self",)).values_list("id"))
        moved = group_moves.succeed_all(ended)
        written = [one for one in ended if one.run.id in moved]
        _tell_tasks([one for one in written if one.run.task_id is not None])
        written += _written_before([one for one in ended if one.run.id not in moved])
        for batch_id in {one.run.batch_id for one in written}:
            turns.advance_on_commit(batch_id)
    return written


def free_attempts_succeeded(ended: Sequence[Ended]) -> tuple[list[Ended], list[Ended]]:
    """End those runs well that nobody holds, or whose tasks; gives what `attempts_succeeded` does, and the others.

    Whoever works beside this holds a task for a moment, which is waited for.
    """
    try:
        written = _patiently(ended) if _task_ids(ended) else attempts_succeeded(ended)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        written = None
    if written is not None:
        return written, []
    with transaction.atomic():
        free = _lock_free(ended)
        return attempts_succeeded(free), [one for one in ended if one not in free]


def is_held(task_id: UUID) -> bool:
    """Say whether somebody holds the task for longer than a moment."""
    task = ScheduledTask.objects.filter(id=task_id).select_for_update(of=("self",)).values_list("id")
    return not Patience().has_done(lambda: list(task), f"task {task_id}")


def tell(written: Sequence[Ended]) -> None:
    """Tell watchers of the ends, in one message."""
    if written:
        lifecycle.announce_moves([(one.run, one.finished_at) for one in written], source=Status.RUNNING)


def _patiently(ended: Sequence[Ended]) -> list[Ended] | None:
    """Do as `attempts_succeeded`, but wait only briefly: None when somebody holds one of the runs, or its task."""
    written: list[Ended] = []
    what = f"run {ended[0].run.id}, one of {len(ended)} that have ended, or a task,"
    is_done = Patience().has_done(lambda: written.extend(attempts_succeeded(ended)), what)
    return written if is_done else None


def _written_before(void: Sequence[Ended]) -> list[Ended]:
    """Give those that are written already, as they stand; the others are noted as fenced."""
    written = []
    for one in void:
        run = lifecycle.moved_before(one.held, Status.SUCCEEDED)
        if run is None:
            lifecycle.record_fenced(one.held, wanted="succeeded")
        else:
            written.append(replace(one, run=run))
    return written


def _task_ids(ended: Sequence[Ended]) -> list[UUID]:
    return sorted({one.run.task_id for one in ended if one.run.task_id is not None})


def _lock_free(ended: Sequence[Ended]) -> list[Ended]:
    """Lock the tasks that nobody holds, and then those of their runs, and of the runs without one.

    What follows a held run of its task is left out: the ends of one task are written in their order.
    """
    tasks = ScheduledTask.objects.filter(id__in=_task_ids(ended)).order_by("id")
    free_tasks = {None, *tasks.select_for_update(skip_locked=True, of=("self",)).values_list("id", flat=True)}
    of_free = [one for one in ended if one.run.task_id in free_tasks]
    rows = TaskRun.objects.filter(id__in=[one.run.id for one in of_free]).order_by("id")
    free_runs = {*rows.select_for_update(skip_locked=True, of=("self",)).values_list("id", flat=True)}
    free, held = list[Ended](), set[UUID | None]()
    for one in of_free:
        if one.run.id in free_runs and one.run.task_id not in held:
            free.append(one)
        elif one.run.task_id is not None:
            held.add(one.run.task_id)
    return free


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
