"""The versions of a task: what people chose about it, kept with every edit so that one can look back and go back.

A version holds the fields as the task's row holds them, secrets sealed, and whose task it was.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import DateTimeField

from tasks_app.models import ScheduledTask, TaskRevision, db_now
from tasks_app.selectors.payloads import masked_payload
from tasks_app.selectors.revisions import names_in, revisions_of
from tasks_app.services import audit
from tasks_app.services.audit_values import HIDDEN, Guarded, differences, values_of
from tasks_app.services.sealed_payloads import opened_payload
from tasks_app.states import TaskStatus

KEPT = 50
_AT_ONCE = 500
UNKNOWN_ACTOR = ""
_SAID = (
    *("name", "description", "key", "tags", "type", "timezone", "starts_at", "ends_at", "max_runs"),
    *("calendar_policy", "jitter_seconds", "spread_seconds", "queue", "priority", "max_retries", "retry"),
    *("soft_timeout_seconds", "timeout_seconds", "overlap", "misfire", "on_exhausted", "pause_after_failures"),
    "notify_on_failure",
)
_STORED = (*_SAID, "payload", "kind", "schedule", "schedule_text", "cron_expression", "calendar_id", "owner_id")


@dataclass(frozen=True)
class Told:
    """A version, and what differs: before it and with it. Of the oldest that is kept there is nothing to tell."""

    revision: TaskRevision
    before: dict[str, Any]
    after: dict[str, Any]


def chosen_values(task: ScheduledTask) -> dict[str, Any]:
    """Give what people choose about a task, as plain JSON."""
    values = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values_of(task, _STORED).items()
    }
    found: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return found


def revisions_begin(tasks: Iterable[ScheduledTask], *, actor: str) -> None:
    """Keep the first version of tasks that have just been made."""
    made = {"actor": actor[:200], "at": db_now()}
    rows = [TaskRevision(task=task, version=task.version, values=chosen_values(task), **made) for task in tasks]
    TaskRevision.objects.bulk_create(rows, batch_size=_AT_ONCE)


def revision_add(task: ScheduledTask, before: Mapping[str, Any], *, actor: str) -> None:
    """Keep what an edit has made of a task, where it differs from `before`; only the newest are kept.

    A task that was made before versions were kept has what it was so far put down as well. The task is saved already.
    """
    after = chosen_values(task)
    if after == before:
        return
    kept = list(TaskRevision.objects.filter(task=task).order_by("-version").values_list("id", flat=True)[: KEPT + 1])
    made = [TaskRevision(task=task, version=task.version, actor=actor[:200], at=db_now(), values=after)]
    if not kept:
        was = TaskRevision(task=task, version=task.version - 1, actor=UNKNOWN_ACTOR, at=task.created_at)
        was.values = dict(before)
        made.insert(0, was)
    TaskRevision.objects.bulk_create(made)
    if len(kept) >= KEPT:
        TaskRevision.objects.filter(id__in=kept[KEPT - 1 :]).delete()


def task_as_it_was(task: ScheduledTask, revision: TaskRevision) -> ScheduledTask:
    """Give the task as a version has it; it is not to be saved."""
    values = {name: _read(name, value) for name, value in revision.values.items() if name in _STORED}
    was = ScheduledTask(id=task.id, status=TaskStatus.ACTIVE, version=revision.version, **values)
    if values.get("owner_id") == task.owner_id:
        was.owner = task.owner
    return was


def revision_story(user: User, task: ScheduledTask) -> list[Told]:
    """Tell every version that is kept, the newest first, and what each has changed, as `user` may see it."""
    rows = revisions_of(task)
    names = names_in(row.values for row in rows)
    said = [_said(user, task_as_it_was(task, row), names) for row in rows]
    older: list[dict[str, Any] | None] = [*said[1:], None]
    return [
        Told(row, *(differences(before, now) if before is not None else ({}, {})))
        for row, now, before in zip(rows, said, older, strict=False)
    ]


def revision_against_now(user: User, task: ScheduledTask, revision: TaskRevision) -> Told:
    """Tell what putting the task back to a version would change: as it is now, and as it would be."""
    now = TaskRevision(task=task, version=task.version, values=chosen_values(task))
    names = names_in([now.values, revision.values])
    before, after = (_said(user, task_as_it_was(task, one), names) for one in (now, revision))
    before["owner"] = after["owner"]  # which stays
    return Told(revision, *differences(before, after))


def _said(user: User, was: ScheduledTask, names: Mapping[str, str]) -> dict[str, Any]:
    """Give what a version says; `names` are those of calendars and owners by their ids."""
    calendar = str(was.calendar_id or "")
    return {
        **values_of(was, _SAID),
        "schedule": Guarded(was.schedule_text, was.schedule),
        "misfire": was.misfire_policy,
        "calendar": names.get(calendar, "one that has gone") if calendar else None,
        "owner": names.get(str(was.owner_id), "somebody who has gone"),
        **_payload_values(user, was),
    }


def _payload_values(user: User, was: ScheduledTask) -> dict[str, Any]:
    """Give the payload member by member, its secrets masked; hidden where this person may not see it.

    What is compared is what the secrets say: sealed anew, the same secret looks different.
    """
    if not was.payload:
        return {}
    opened = opened_payload(was, is_for_edit=True)
    if not audit.shows_payload(user, was):
        return {"payload": Guarded(HIDDEN, opened)}
    shown = masked_payload(was)
    return {f"payload.{name}": Guarded(shown.get(name), value) for name, value in opened.items()}


def _read(name: str, value: Any) -> Any:
    field = ScheduledTask._meta.get_field(name) if not name.endswith("_id") else None
    return field.to_python(value) if isinstance(field, DateTimeField) else value
