"""Why a queue is paused, in the words of whoever did it; with a default of the database, for what still runs of before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0013_running_runs_of_a_task"),
    ]

    operations = [
        migrations.AddField(
            model_name="queue",
            name="pause_note",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
    ]
