"""An index of the records that are not gone: of a list whose keys change most are, and its page shows the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0014_why_a_queue_is_paused"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="syncedrecord",
            index=models.Index(condition=models.Q(gone_at=None), fields=["collection", "key"], name="record_present"),
        ),
    ]
