"""Many tasks at once, in a few statements: each as `task_create` would make it."""

from collections import Counter
from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from tasks_app import beat_sync
from tasks_app.errors import Conflict
from tasks_app.models import ScheduledTask
from tasks_app.services import audit, revisions
from tasks_app.services.audit_values import task_values
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import new_task

_AT_ONCE = 500


@transaction.atomic
def tasks_create(*, owner: AbstractBaseUser, specs: Iterable[TaskSpec], actor: str) -> list[ScheduledTask]:
    """Create tasks, all or none. Raises Invalid for the first that is not accepted, Conflict when a key is taken."""
    tasks = [new_task(owner=owner, spec=spec, actor=actor) for spec in specs]
    beat_sync.mirror_new(tasks)
    try:
        with transaction.atomic():
            ScheduledTask.objects.bulk_create(tasks, batch_size=_AT_ONCE)
    except IntegrityError as error:
        raise _key_taken(owner, tasks, error) from error
    revisions.revisions_begin(tasks, actor=actor)
    audit.write([audit.entry("task.create", task, actor=actor, after=task_values(task)) for task in tasks])
    return tasks


def _key_taken(owner: AbstractBaseUser, tasks: list[ScheduledTask], error: IntegrityError) -> Exception:
    counts = Counter(task.key for task in tasks if task.key is not None)
    known = ScheduledTask.objects.filter(owner_id=owner.pk, key__in=list(counts), deleted_at=None)
    held = {task.key for task in known.only("key")}
    taken = sorted(key for key, count in counts.items() if count > 1 or key in held)
    return Conflict(f"These keys are taken already: {', '.join(taken[:5])}.", code="key_taken") if taken else error
