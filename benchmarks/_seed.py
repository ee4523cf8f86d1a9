"""Fills a platform with schedules, as many as wanted, in seconds: copies of one that the platform has made itself."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Model
from django_celery_beat.models import PeriodicTask

from benchmarks.ours.task_handlers import NOOP
from tasks_app import jobs
from tasks_app.models import ScheduledTask, db_now

HOUR = 3600
FIRST, EDITED = "first", "edited"
_ANCHOR = """to_char(due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


@transaction.atomic
def seed(owner: User, count: int, burst: int, offset: int) -> None:
    """Make hourly tasks, each with its mirror, due at seconds spread from `offset` to the end of the next hour.

    Those of the burst wait for their moment (`aim`). One more is due at once, and one is there to be edited.
    """
    hourly = {"kind": "every", "hours": 1, "anchor": "2026-01-01T00:00:00Z"}
    task = jobs.recurring(FIRST, NOOP, {}, hourly, owner=owner, timezone="UTC")
    jobs.recurring(EDITED, NOOP, {}, hourly, owner=owner, timezone="UTC")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE seeded ON COMMIT DROP AS SELECT n, gen_random_uuid() AS id,"
            " CASE WHEN n <= %s THEN 'burst:' ELSE 'rest:' END || n AS key,"
            " date_trunc('second', now()) + interval '1 s' *"
            " CASE WHEN n <= %s THEN 86400 ELSE %s + mod(n::bigint * 7919, %s - %s) END AS due"
            " FROM generate_series(1, %s) AS n",
            [burst, burst, offset, HOUR, offset, count],
        )
        mirrored = {"name": "'carillon:' || seeded.id", "kwargs": """'{"task_id": "' || seeded.id || '"}'"""}
        cursor.execute(_copies(PeriodicTask, mirrored, "seeded", without="id"), [task.periodic_task_id])
        own = {
            "id": "seeded.id",
            "key": "seeded.key",
            "name": "seeded.key",
            "schedule": f"jsonb_set(original.schedule, '{{anchor}}', to_jsonb({_ANCHOR}))",
            "next_slot": "due",
            "next_due_at": "due",
            "periodic_task_id": "mirror.id",
        }
        joined = "seeded JOIN django_celery_beat_periodictask AS mirror ON mirror.name = 'carillon:' || seeded.id"
        cursor.execute(_copies(ScheduledTask, own, joined), [str(task.id)])
    now = db_now().replace(microsecond=0) - timedelta(seconds=1)
    ScheduledTask.objects.filter(id=task.id).update(next_slot=now, next_due_at=now)


def aim(moment: float) -> None:
    """Let all of the burst be due at this second, and gather what PostgreSQL knows of its tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE tasks_app_scheduledtask SET next_slot = due, next_due_at = due,"
            f" schedule = jsonb_set(schedule, '{{anchor}}', to_jsonb({_ANCHOR}))"
            " FROM (SELECT to_timestamp(%s) AS due) AS moment WHERE key LIKE 'burst:%%'",
            [moment],
        )
        cursor.execute("VACUUM ANALYZE tasks_app_scheduledtask")


def _copies(model: type[Model], changed: dict[str, str], source: str, without: str = "") -> str:
    """Say the INSERT that copies one row of the model for each row of the source."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if field.column != without]
    values = ", ".join(changed.get(str(column), f'original."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {source}, {table} AS original WHERE original.id = %s"
