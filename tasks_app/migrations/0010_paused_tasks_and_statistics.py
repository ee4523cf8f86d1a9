"""What is planned, indexes of totals and of paused tasks, and what PostgreSQL has to know: who owns a task owns its runs.

Taken for independent, task and owner seem to leave one run of a task's long history, and all of it is read to find ten.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import migrations, models

MAKE = "CREATE STATISTICS run_task_owner (dependencies) ON task_id, owner_id FROM tasks_app_taskrun"
DROP = "DROP STATISTICS IF EXISTS run_task_owner"


def make(apps: Any, schema_editor: Any) -> None:
    """Let PostgreSQL look at both columns together; other databases have no such guess."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(MAKE)


def drop(apps: Any, schema_editor: Any) -> None:
    """Forget it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("tasks_app", "0009_totals_of_figures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PlannedRuns",
            fields=[
                ("owner_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("start", models.DateTimeField()),
                ("minutes", models.JSONField(default=list)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="runrollup",
            index=models.Index(
                condition=models.Q(("task_id", uuid.UUID("00000000-0000-0000-0000-000000000000"))),
                fields=["owner_id", "grain", "start"],
                name="rollup_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledtask",
            index=models.Index(
                condition=models.Q(("deleted_at", None), ("status", "paused")),
                fields=["-paused_at", "-id"],
                name="task_paused",
            ),
        ),
        migrations.RunPython(make, drop),
    ]
