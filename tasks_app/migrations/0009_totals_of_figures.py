"""Totals of hours and days over tasks, and of minutes, hours and days over owners, made from the figures that are there.

One hour, day or minute at a time, each in a transaction of its own: nothing is locked for long, and a migration that was
interrupted is begun anew. So nothing here changes the tables; what does is in the next one, whole or not at all.
"""

import uuid
from datetime import datetime
from collections.abc import Iterator
from typing import Any

from django.db import migrations, models, transaction
from django.db.models import BigIntegerField, Max, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

NO_TASK = uuid.UUID(int=0)
EVERYBODY = -1
TOTALS = (("minute", "minute"), ("hour", "hours"), ("day", "days"))
NUMBERS = ("succeeded", "failed", "cancelled", "skipped", "retries", "total_ms")
UNIQUE = ("grain", "start", "owner_id", "task_id", "type")
CLASSES = 19


def fill(apps: Any, schema_editor: Any) -> None:
    """Make the totals of every span that has figures."""
    rows = apps.get_model("tasks_app", "RunRollup").objects.using(schema_editor.connection.alias)
    for source, target in TOTALS:
        for start in _starts(rows, source):
            with transaction.atomic(using=schema_editor.connection.alias):
                found = rows.filter(grain=source, start=start).exclude(owner_id=EVERYBODY).order_by()
                made = [_total(rows.model, target, start, sums) for sums in _sums(found, "type")]
                if target != source:
                    made += [_total(rows.model, target, start, sums) for sums in _sums(found, "owner_id", "type")]
                rows.bulk_create(
                    made,
                    batch_size=500,
                    update_conflicts=True,
                    unique_fields=UNIQUE,
                    update_fields=(*NUMBERS, "longest_ms", "classes"),
                )


def empty(apps: Any, schema_editor: Any) -> None:
    """Drop the totals, which the version before would take for runs of somebody."""
    rows = apps.get_model("tasks_app", "RunRollup").objects.using(schema_editor.connection.alias)
    rows.filter(task_id=NO_TASK, owner_id=EVERYBODY).delete()
    rows.filter(grain__in=[target for source, target in TOTALS if target != source]).delete()


def _starts(rows: Any, grain: str) -> Iterator[datetime]:
    """Give the spans that have rows, without a look at every row."""
    starts = rows.filter(grain=grain).order_by("start").values_list("start", flat=True)
    start = starts.first()
    while start is not None:
        yield start
        start = starts.filter(start__gt=start).first()


def _sums(rows: Any, *by: str) -> Any:
    classes = {f"class_{n}": Sum(Cast(KT(f"classes__{n}"), BigIntegerField())) for n in range(CLASSES)}
    return rows.values(*by).annotate(
        **{f"sum_{name}": Sum(name) for name in NUMBERS}, longest=Max("longest_ms"), **classes
    )


def _total(model: Any, grain: str, start: datetime, sums: dict[str, Any]) -> Any:
    return model(
        grain=grain,
        start=start,
        owner_id=sums.get("owner_id", EVERYBODY),
        task_id=NO_TASK,
        type=sums["type"],
        longest_ms=sums["longest"],
        classes=[int(sums[f"class_{n}"] or 0) for n in range(CLASSES)],
        **{name: sums[f"sum_{name}"] for name in NUMBERS},
    )


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ("tasks_app", "0008_figures_and_revisions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="runrollup",
            name="grain",
            field=models.CharField(
                choices=[
                    ("minute", "minute"),
                    ("hour", "hour"),
                    ("day", "day"),
                    ("hours", "hour, tasks together"),
                    ("days", "day, tasks together"),
                    ("ever", "ever"),
                ],
                max_length=6,
            ),
        ),
        migrations.RunPython(fill, empty),
    ]
