"""How many tasks are in each status, as upkeep counts them: a new, empty table, so nothing waits for it.

What upkeep has planned ahead is kept in another form from here on; the release before could not read it.
"""

from typing import Any

from django.db import migrations, models


def forget_plans(apps: Any, _: Any) -> None:
    apps.get_model("tasks_app", "PlannedRuns").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0011_keys_made_with_keys"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, forget_plans),
        migrations.CreateModel(
            name="TaskCount",
            fields=[
                ("status", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("tasks", models.PositiveBigIntegerField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
