"""What follows from the good ends of a group of short runs, in one transaction for all of them."""

from collections.abc import Sequence

from django.db import connection, transaction

from tasks_app.models import ScheduledTask
from tasks_app.services import group_moves, lifecycle, turns
from tasks_app.services.group_moves import Ended
from tasks_app.states import Status

_TASKS = ScheduledTask._meta.db_table


def attempts_succeeded(ended: Sequence[Ended]) -> None:
    """End the runs well; a run whose claim is void is left alone, and that is written down as fenced."""
    if not ended:
        return
    task_ids = sorted({one.run.task_id for one in ended if one.run.task_id is not None})
    with transaction.atomic():
        if task_ids:  # before the runs, as pausing, cancelling and firing do: the other way round could deadlock
            tasks = ScheduledTask.objects.filter(id__in=task_ids).order_by("id")
            list(tasks.select_for_update(of=("self",)).values_list("id"))
        moved = group_moves.succeed_all(ended)
        for one in ended:
            if one.run.id not in moved:
                lifecycle.record_fenced(one.held, wanted="succeeded")
        _tell_tasks([one for one in ended if one.run.id in moved and one.run.task_id is not None])
        for batch_id in {one.run.batch_id for one in ended if one.run.id in moved}:
            turns.advance_on_commit(batch_id)


def _tell_tasks(ended: Sequence[Ended]) -> None:
    """Keep the summaries of the tasks; how a backfill fares says nothing about its task's failures in a row."""
    last = {one.run.task_id: one for one in ended}
    if not last:
        return
    id_field, run_field = ScheduledTask._meta.pk, ScheduledTask._meta.get_field("last_run_id")
    instant = connection.ops.adapt_datetimefield_value
    values = [
        value
        for task_id, one in last.items()
        for value in (
            id_field.get_db_prep_save(task_id, connection),
            run_field.get_db_prep_save(one.run.id, connection),
            instant(one.started_at),
            int(one.run.batch_id is None),
        )
    ]
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(last))
    sql = (
        f"UPDATE {_TASKS} SET last_run_id = v.column2, last_run_at = v.column3, last_run_status = '{Status.SUCCEEDED}',"
        " failures_in_row = CASE WHEN v.column4 = 1 THEN 0 ELSE failures_in_row END"
        f" FROM (VALUES {rows}) AS v WHERE {_TASKS}.id = v.column1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
