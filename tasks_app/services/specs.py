"""What a caller asks a task to be, checked as a whole: every fault is named at its field."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.models import OnExhausted, Overlap, Queue, ScheduledTask
from tasks_app.retry import MAX_RETRIES_LIMIT
from tasks_app.services import timing
from tasks_app.services.payloads import edited_payload
from tasks_app.services.policies import DAY_SECONDS, checked_misfire, checked_retry
from tasks_app.services.timing import TimingSpec
from tasks_app.services.validation import Problems, check_choice, check_line, check_number, check_text

MOST_TAGS = 20
_PAST_GRACE = timedelta(seconds=30)
_SAMPLE = 20
_MINUTE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class TaskSpec(TimingSpec):
    """The fields of `POST /api/tasks`, as plain values."""

    name: str
    type: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    queue: str | None = None
    priority: int = 5
    max_retries: int | None = None
    retry: Mapping[str, Any] | None = None
    soft_timeout_seconds: int | None = None
    timeout_seconds: int | None = None
    overlap: str = Overlap.SKIP.value
    misfire: Mapping[str, Any] | None = None
    on_exhausted: str = OnExhausted.KEEP.value
    pause_after_failures: int | None = None
    tags: Sequence[str] = ()
    description: str = ""
    enabled: bool = True
    notify_on_failure: bool = True


def task_fields(
    spec: TaskSpec, *, owner: AbstractBaseUser | None, current: ScheduledTask | None = None
) -> dict[str, Any]:
    """Check the whole spec and give the task's fields; raises Invalid with every fault.

    `owner` is the user on whose behalf it will run. `current` is the task that is edited. What an edit leaves alone is
    not held against it: a schedule that lies in the past by now, a payload whose type has changed or gone, a queue that
    was taken away.
    """
    problems = Problems()
    values: dict[str, Any] = {
        "name": check_line(problems, "name", spec.name, most=200),
        "description": check_text(problems, "description", spec.description, most=10_000),
        "key": check_line(problems, "key", spec.key, most=200) if spec.key is not None else None,
        "tags": check_tags(problems, spec.tags, known=current.tags if current else ()),
        "type": spec.type,
        "payload": edited_payload(problems, spec.type, spec.payload, owner=owner, current=current),
        "queue": _queue(problems, spec, current),
        "jitter_seconds": spec.jitter_seconds,
        "spread_seconds": spec.spread_seconds,
        "max_runs": spec.max_runs,
        "overlap": spec.overlap,
        "on_exhausted": spec.on_exhausted,
        "misfire": checked_misfire(problems, spec.misfire),
        "retry": checked_retry(problems, spec.retry),
        "notify_on_failure": spec.notify_on_failure,
        **{name: getattr(spec, name) for name in _NUMBERS},
    }
    for name, limits in _NUMBERS.items():
        check_number(problems, name, getattr(spec, name), limits, is_required=name in _REQUIRED)
    check_choice(problems, "overlap", spec.overlap, Overlap.values)
    check_choice(problems, "on_exhausted", spec.on_exhausted, OnExhausted.values)
    found = timing.checked_timing(problems, spec, owner=owner, current=current)
    if found is not None and (current is None or _is_checked_anew(current, values | found.fields)):
        timing.check_future(problems, spec, found)
    if problems or found is None:
        raise Invalid("The task was not accepted; see the fields.", fields=problems.fields)
    return values | found.fields


def is_rescheduled(task: ScheduledTask, fields: Mapping[str, Any]) -> bool:
    """Say whether the fields plan the task differently from now."""
    return any(getattr(task, name) != fields[name] for name in _PLANNED)


def has_other_slots(task: ScheduledTask, fields: Mapping[str, Any]) -> bool:
    """Say whether the fields give the task other slots, and do not only move them or when they start."""
    return any(getattr(task, name) != fields[name] for name in _SLOTS)


def _is_checked_anew(task: ScheduledTask, fields: Mapping[str, Any]) -> bool:
    return any(getattr(task, name) != fields[name] for name in (*_SLOTS, *_CALENDAR))


_CALENDAR = ("calendar", "calendar_policy")
_SLOTS = ("schedule", "timezone", "starts_at", "ends_at", "max_runs")
_PLANNED = (*_SLOTS, *_CALENDAR, *timing.SHIFTS)
_REQUIRED = ("priority", *timing.SHIFTS)
_NUMBERS: dict[str, tuple[int, int]] = {
    "priority": (0, 9),
    "max_retries": (0, MAX_RETRIES_LIMIT),
    "soft_timeout_seconds": (0, 30 * DAY_SECONDS),
    "timeout_seconds": (0, 30 * DAY_SECONDS),
    **timing.BOUNDS,
    "pause_after_failures": (1, 1000),
}


def _queue(problems: Problems, spec: TaskSpec, current: ScheduledTask | None) -> str:
    try:
        usual = registry.get(spec.type).queue
    except KeyError:
        usual = "default"
    queue = usual if spec.queue is None else spec.queue
    if queue != usual and (current is None or queue != current.queue):
        check_queue(problems, queue)
    return queue


def check_queue(problems: Problems, queue: object) -> None:
    """Check that the queue exists."""
    names = list(Queue.objects.values_list("name", flat=True))
    if queue not in names:
        problems.add("queue", "unknown", f"There is no such queue; there are: {', '.join(names)}.")


def check_tags(problems: Problems, tags: object, *, known: Collection[str] = ()) -> list[str]:
    """Check the tags of a task, and give them as they are kept, each once. `known` are those that it has already."""
    if isinstance(tags, str) or not isinstance(tags, Sequence):
        problems.add("tags", "type", "Must be a list of texts.")
        return []
    if len(tags) > MOST_TAGS:
        problems.add("tags", "too_many", f"At most {MOST_TAGS} tags.")
        return []
    kept = [check_tag(problems, f"tags.{n}", tag, known=known) for n, tag in enumerate(tags)]
    return list(dict.fromkeys(kept))


def check_tag(problems: Problems, path: str, tag: object, *, known: Collection[str] = ()) -> str:
    """Check one tag. Forms put tags between commas, so a new one holds none; `known` ones are left in peace."""
    kept = check_line(problems, path, tag, most=50)
    if "," in kept and kept not in known:
        problems.add(path, "comma", "A tag must not contain a comma; give each tag by itself.")
    return kept


def split_tags(text: str) -> list[str]:
    """Give the tags that are written between commas or on lines of their own, each once."""
    written = (tag.strip() for tag in text.replace("\n", ",").split(","))
    return list(dict.fromkeys(tag for tag in written if tag))
