"""Many runs at once: of one type, each with its payload, in a few statements."""

import copy
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tasks_app import dispatch
from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.models import TaskRun, db_now
from tasks_app.models.ids import new_id
from tasks_app.retry import MAX_RETRIES_LIMIT
from tasks_app.services import group_moves, lifecycle, planning
from tasks_app.services.payloads import checked_payload
from tasks_app.services.runs import check_names
from tasks_app.services.validation import Problems, check_range
from tasks_app.states import Reason, Status, Trigger


@transaction.atomic
def runs_enqueue(  # noqa: PLR0913  # the fields that the runs share
    *,
    owner: AbstractBaseUser | None,
    type: str,
    payloads: Sequence[dict[str, Any]],
    actor: str,
    trigger: Trigger = Trigger.EVENT,
    queue: str | None = None,
    priority: int = 5,
    max_retries: int | None = None,
    tags: tuple[str, ...] = (),
) -> list[UUID]:
    """Make a run of one type for each payload, all at once; gives their ids in order. Raises Invalid with the faults.

    A fault is named by its payload's place in the list, and then nothing is made. Watchers are told of the first 100.
    """
    problems = Problems()
    check_range(problems, "priority", priority, 0, 9)
    check_range(problems, "max_retries", max_retries, 0, MAX_RETRIES_LIMIT)
    check_names(problems, queue=queue, key=None)
    checked = []
    for place, payload in enumerate(payloads):
        found = Problems()
        checked.append(checked_payload(found, type, payload, owner=owner))
        problems.merge({f"payloads.{place}.{path}": faults for path, faults in found.fields.items()})
    if problems:
        raise Invalid("The runs were not accepted; see the fields.", fields=problems.fields)
    if not checked:
        return []
    now = db_now()
    spec = registry.get(type)
    alike = TaskRun(
        owner_id=owner.pk if owner else None,
        type=type,
        tags=list(tags),
        trigger=trigger,
        actor=actor[:200],
        status=Status.QUEUED,
        reason=Reason.DUE,
        scheduled_for=now,
        queued_at=now,
        queue=queue or spec.queue,
        priority=priority,
    )
    ids = _create(alike, spec, checked, max_retries=max_retries, actor=actor)
    dispatch.wake_on_commit(alike.queue, len(ids))
    return ids


def _create(
    alike: TaskRun, spec: HandlerSpec, payloads: Sequence[dict[str, Any]], *, max_retries: int | None, actor: str
) -> list[UUID]:
    if spec.retry_for is None:
        _set(alike, planning.policies(spec.name, max_retries=max_retries))
        return group_moves.create_alike(alike, payloads, actor=actor)
    runs = []  # their policies differ by their payloads
    for payload in payloads:
        run = copy.copy(alike)
        run.id = new_id()
        _set(run, {"payload": payload, **planning.policies(spec.name, payload=payload, max_retries=max_retries)})
        runs.append(run)
    return [run.id for run in lifecycle.create(runs, actor=actor)]


def _set(run: TaskRun, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(run, name, value)
