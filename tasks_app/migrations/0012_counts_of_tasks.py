"""How many tasks are in each status, as upkeep counts them: a new, empty table, so nothing waits for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0011_keys_made_with_keys"),
    ]

    operations = [
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
