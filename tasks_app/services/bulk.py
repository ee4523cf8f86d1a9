"""One action on many tasks, in bounded steps that can be gone on with, and taken back where that is possible.

The tasks are fixed at the start. What is left, done and left out stands in the row that remembers the form's token
(`IdempotencyKey`), written in the same transaction as the work: a form that is sent twice, two tabs that go on at
once or a crash in between do nothing twice. Upkeep drops the row after a day, and with it the way back.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction

from tasks_app.errors import CarillonError, Conflict, NotFound
from tasks_app.models import IdempotencyKey, ScheduledTask
from tasks_app.selectors.access import may, visible_tasks
from tasks_app.selectors.bulk import MOST
from tasks_app.services.bulk_deeds import REVERSE, Order, Verb, actor_of, checked, is_done_already, perform, reason_of
from tasks_app.services.limiter import LimiterAway, TooMany

AT_ONCE = 200
SECONDS = 10.0
_REASONS = 20
_PATH = "/tasks/bulk/"
_GONE = "It is not there any more."
_CHANGED = "It has been changed since."
_DENIED = "It is not yours to do this with."


@dataclass
class Item:
    """A task still to come, or done: at which version, and with the note of the pause that was ended."""

    id: str
    version: int | None = None
    note: str = ""


@dataclass
class Progress:
    """How far an action has come. `kept` names the first tasks that were left as they are, with the reason."""

    order: Order
    back: str
    total: int
    left: list[Item]
    is_undo: bool = False
    done: list[Item] = field(default_factory=list)
    done_count: int = 0
    same_count: int = 0
    kept: list[list[str]] = field(default_factory=list)
    kept_count: int = 0
    stopped: str = ""

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        return not self.left

    @property
    def passed(self) -> int:
        """How many tasks have had their turn."""
        return self.total - len(self.left)

    @property
    def can_undo(self) -> bool:
        """What was done has a way back, and was not itself the way back."""
        return self.is_finished and bool(self.done) and not self.is_undo

    def keep(self, name: str, reason: str) -> None:
        """Note a task that stays as it is."""
        self.kept_count += 1
        if len(self.kept) < _REASONS:
            self.kept.append([name, reason])


def bulk_begin(*, user: User, token: uuid.UUID, order: Order, ids: Sequence[uuid.UUID], back: str) -> None:
    """Take the order down, once per token. Raises Invalid for a tag or note that cannot be, Conflict for too many."""
    if len(ids) > MOST:
        raise Conflict(f"At most {MOST:,} tasks at once; narrow the search.")
    items = [Item(one.hex) for one in ids]
    _take_down(user, token, Progress(order=checked(order), back=back[:2000], total=len(items), left=items))


def bulk_undo(*, user: User, token: uuid.UUID) -> uuid.UUID:
    """Take down the way back, once, and give its token; tasks that have changed since will stay as they are."""
    before = bulk_progress(user=user, token=token)
    if not before.can_undo:
        raise Conflict("There is no way back from this.")
    order = Order(verb=REVERSE[before.order.verb], tag=before.order.tag)
    undo = Progress(order=order, back=before.back, total=len(before.done), left=before.done, is_undo=True)
    undo_token = uuid.uuid5(token, "undo")
    _take_down(user, undo_token, undo)
    return undo_token


def bulk_progress(*, user: User, token: uuid.UUID) -> Progress:
    """How far the action with this token has come; raises NotFound where the user has none."""
    row = IdempotencyKey.objects.filter(**_name(user, token)).first()
    if row is None:
        raise NotFound("There is no such action.")
    return _read(row.response)


def bulk_go_on(*, user: User, token: uuid.UUID, seconds: float | None = None, at_once: int | None = None) -> Progress:
    """Do what is left, a few hundred tasks to a transaction, until all is done or the time is up."""
    until = time.monotonic() + (SECONDS if seconds is None else seconds)
    while True:
        progress = _step(user, token, at_once or AT_ONCE)
        if progress.is_finished or progress.stopped or time.monotonic() >= until:
            return progress


def _take_down(user: User, token: uuid.UUID, progress: Progress) -> None:
    made = _written(progress)
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    row, is_new = IdempotencyKey.objects.get_or_create(
        **_name(user, token), defaults={"body_digest": digest, "response": made}
    )
    if not is_new and row.body_digest != digest:
        raise Conflict("This form was sent before, with something else in it.")


@transaction.atomic
def _step(user: User, token: uuid.UUID, at_once: int) -> Progress:
    """One transaction: short on SQLite, where all others wait for it."""
    row = IdempotencyKey.objects.select_for_update().filter(**_name(user, token)).first()
    if row is None:
        raise NotFound("There is no such action.")
    progress = _read(row.response)
    progress.stopped = ""
    until = time.monotonic() + (0.15 if connection.vendor == "sqlite" else 2.0)
    now, later = progress.left[:at_once], progress.left[at_once:]
    tasks = _locked(user, now)
    while now:
        item = now.pop(0)
        try:
            _turn(user, progress, item, tasks.get(item.id))
        except (TooMany, LimiterAway) as error:
            progress.stopped = error.message
            now.insert(0, item)
            break
        if time.monotonic() >= until:
            break
    progress.left = [*now, *later]
    IdempotencyKey.objects.filter(pk=row.pk).update(response=_written(progress))
    return progress


def _locked(user: User, items: Sequence[Item]) -> dict[str, ScheduledTask]:
    """The tasks in the order of their ids, in which everybody locks them."""
    rows = visible_tasks(user).filter(id__in=[item.id for item in items]).order_by("id")
    return {task.id.hex: task for task in rows.select_related("owner").select_for_update(of=("self",))}


def _turn(user: User, progress: Progress, item: Item, task: ScheduledTask | None) -> None:
    order = progress.order
    if task is None:
        progress.keep("A task", _GONE)
    elif not may(user, order.deed, task):
        progress.keep(task.name, _DENIED)
    elif item.version is not None and task.version != item.version:
        progress.keep(task.name, _CHANGED)
    elif is_done_already(order, task):
        progress.same_count += 1
    else:
        _do(user, progress, item, task)


def _do(user: User, progress: Progress, item: Item, task: ScheduledTask) -> None:
    order, note = progress.order, task.pause_note
    try:
        with transaction.atomic():
            version = perform(order, task, actor=actor_of(user), note=item.note)
    except (TooMany, LimiterAway):
        raise
    except CarillonError as error:
        progress.keep(task.name, reason_of(error))
        return
    progress.done_count += 1
    if order.verb in REVERSE:
        progress.done.append(Item(item.id, version, note if order.verb is Verb.RESUME else ""))


def _name(user: User, token: uuid.UUID) -> dict[str, Any]:
    return {"principal": f"user:{user.pk}", "method": "POST", "path": _PATH, "key": str(token)}


def _written(progress: Progress) -> dict[str, Any]:
    lists = {name: [[one.id, one.version, one.note] for one in getattr(progress, name)] for name in ("left", "done")}
    return {**asdict(progress), **lists}


def _read(stored: Any) -> Progress:
    lists = {name: [Item(*one) for one in stored[name]] for name in ("left", "done")}
    order = Order(**{**stored["order"], "verb": Verb(stored["order"]["verb"])})
    return Progress(**{**stored, **lists, "order": order})
