"""What runs of a task, in an index of its own: for each run that waited SQLite walked through all of its task's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0012_counts_of_tasks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="taskrun",
            index=models.Index(
                condition=models.Q(("status", "running"), ("task__isnull", False)),
                fields=["task"],
                name="run_running",
            ),
        ),
    ]
