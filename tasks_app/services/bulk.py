"""One action on many tasks, in bounded steps that can be gone on with, and taken back where that is possible.

The tasks are fixed at the start. What was done to each, so that it can be taken back, is kept with the action; see
`steps`.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction

from tasks_app.errors import CarillonError, Conflict
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import deleted_tasks, may, visible_tasks
from tasks_app.selectors.bulk import MOST
from tasks_app.services import endings
from tasks_app.services.bulk_deeds import (
    ASKABLE,
    REVERSE,
    Order,
    Verb,
    actor_of,
    checked,
    is_done_already,
    lacks,
    perform,
    reason_of,
    remembered,
)
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.services.steps import State, Steps, Turn
from tasks_app.services.switching import Pen

AT_ONCE = 50
RECENT = 20
_SLOW = 10
"""How many tasks a step reads: of slow verbs fewer, because its time may be up before the others have their turn."""
STEPS = Steps("/tasks/bulk/")
_REASONS = 20
_NAMES = 3
_GONE = "It is not there any more."
_CHANGED = "It has been changed since."
_FOR_GOOD = {_GONE, _CHANGED}
_DENIED = "It is not yours to do this with."


@dataclass
class Item:
    """A task still to come, or done: at which version, and what the way back must know of it."""

    id: str
    version: int | None = None
    was: dict[str, Any] = field(default_factory=dict)


@dataclass
class Progress:
    """How far an action has come. `done` names the first tasks that it was done to, `kept` those that were left as they
    are, with the reason and the id where they have a page; `lacking` those that came back paused for what has gone."""

    order: Order
    back: str
    total: int
    is_undo: bool = False
    passed: int = 0
    done_count: int = 0
    done: list[str] = field(default_factory=list)
    same_count: int = 0
    kept: list[list[str]] = field(default_factory=list)
    kept_count: int = 0
    lost_count: int = 0
    lacking: list[list[str]] = field(default_factory=list)
    lacking_count: int = 0
    stopped: str = ""

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        return self.passed >= self.total

    @property
    def can_undo(self) -> bool:
        """What was done has a way back, and was not itself the way back."""
        return self.is_finished and self.done_count > 0 and self.order.verb in REVERSE and not self.is_undo

    @property
    def which(self) -> list[list[str]]:
        """The first that lack something, and the first that were left: name, reason, and id where there is a page."""
        return [[*one, ""][:3] for one in [*self.lacking, *self.kept]]

    @property
    def can_repeat(self) -> bool:
        """It was the way back, and has left some as they are: once what held them has been mended, they can follow."""
        return self.is_finished and self.is_undo and self.held_count > 0

    @property
    def held_count(self) -> int:
        """How many were left as they are that are not so for good: a task that was changed since never follows."""
        return self.kept_count - self.lost_count

    def did(self, task: ScheduledTask) -> None:
        """Note a task that it was done to."""
        self.done_count += 1
        self.done = [*self.done, task.name][:_NAMES]

    def keep(self, task: ScheduledTask | None, reason: str) -> None:
        """Note a task that stays as it is."""
        self.kept_count += 1
        self.lost_count += reason in _FOR_GOOD
        if len(self.kept) < _REASONS:
            self.kept.append(_named(task, reason))

    def lack(self, task: ScheduledTask, reason: str) -> None:
        """Note a task that came back paused."""
        self.lacking_count += 1
        if len(self.lacking) < _REASONS:
            self.lacking.append(_named(task, reason))


def bulk_begin(*, user: User, token: uuid.UUID, order: Order, ids: Sequence[uuid.UUID], back: str = "") -> None:
    """Take the order down, once per token. Raises Invalid for a tag or note that cannot be, Conflict for too many."""
    if len(ids) > MOST:
        raise Conflict(f"At most {MOST:,} tasks at once; narrow the search.")
    if order.verb not in ASKABLE:
        raise Conflict("This is only the way back from something else.")
    items = [Item(one.hex) for one in ids]
    _take_down(user, token, Progress(order=checked(order), back=back[:2000], total=len(items)), items)


def bulk_undo(*, user: User, token: uuid.UUID) -> uuid.UUID:
    """Take down the way back, once, and give its token; tasks that have changed since will stay as they are.

    Of a way back that has left some as they are: the same once more, for those alone.
    """
    before = bulk_progress(user=user, token=token)
    if not (before.can_undo or before.can_repeat):
        raise Conflict("There is no way back from this.")
    place_of = _kept_at if before.is_undo else _done_at
    items = [Item(*one) for one in STEPS.parts(user, token, *map(place_of, range(before.total)))]
    verb = before.order.verb if before.is_undo else REVERSE[before.order.verb]
    order = Order(verb=verb, tags=before.order.tags)
    undo_token = _undo_of(token)
    _take_down(user, undo_token, Progress(order=order, back=before.back, total=len(items), is_undo=True), items)
    return undo_token


def bulk_progress(*, user: User, token: uuid.UUID) -> Progress:
    """How far the action with this token has come; raises NotFound where the user has none."""
    return _read(STEPS.state(user, token))


@dataclass(frozen=True)
class Recent:
    """An action, when it was begun, and whether it can be taken back and has not been."""

    token: uuid.UUID
    at: datetime
    progress: Progress
    has_way_back: bool


def bulk_recent(*, user: User) -> list[Recent]:
    """The user's last actions within a day, newest first; what takes one back stands before it."""
    found = [(token, at, _read(state)) for token, at, state in STEPS.latest(user, RECENT)]
    begun = {token for token, _, _ in found}
    return [
        Recent(token, at, one, (one.can_undo or one.can_repeat) and _undo_of(token) not in begun)
        for token, at, one in found
    ]


def bulk_go_on(*, user: User, token: uuid.UUID, actor: str = "", seconds: float | None = None) -> Progress:
    """Do what is left, some tasks to a transaction, until all is done or the time is up."""
    by = actor or actor_of(user)
    return _read(STEPS.go_on(user, token, lambda turn: _step(turn, by), seconds=seconds))


def _undo_of(token: uuid.UUID) -> uuid.UUID:
    return uuid.uuid5(token, "undo")


def _take_down(user: User, token: uuid.UUID, progress: Progress, items: Sequence[Item]) -> None:
    rows = _rows(items)
    parts = {_left_at(place): rows[place : place + AT_ONCE] for place in range(0, len(rows), AT_ONCE)}
    STEPS.begin(user, token, asdict(progress), parts)


def _step(turn: Turn, actor: str) -> bool:
    progress = _read(turn.state)
    progress.stopped = ""
    first = progress.passed - progress.passed % AT_ONCE
    items = [Item(*one) for one in turn.part(_left_at(first))][progress.passed - first :]
    if progress.order.verb in (Verb.RUN, Verb.UNDELETE):
        items = items[:_SLOW]
    if progress.order.verb is Verb.DELETE and endings.has_many_runs([uuid.UUID(item.id) for item in items]):
        items = items[:1]
    tasks = _locked(turn.user, progress.order, items)
    done: list[Item] = []
    kept: list[Item] = []
    begun = progress.passed
    with Pen() as pen:
        hand = _Hand(turn.user, actor, progress, pen)
        for item in items:
            held_before = progress.held_count
            try:
                made = hand.turn(item, tasks.get(item.id))
            except (TooMany, LimiterAway) as error:
                progress.stopped = error.message
                break
            done += [made] if made else []
            kept += [item] * (progress.held_count - held_before)
            progress.passed += 1
            if turn.is_over:
                break
    if done and progress.order.verb in REVERSE:
        turn.put(_done_at(begun), _rows(done))
    if kept and progress.is_undo:
        turn.put(_kept_at(begun), _rows(kept))
    turn.state = asdict(progress)
    return not (progress.is_finished or progress.stopped)


def _locked(user: AbstractBaseUser, order: Order, items: Sequence[Item]) -> dict[str, ScheduledTask]:
    """The tasks in the order of their ids, in which everybody locks them."""
    seen = deleted_tasks(user) if order.verb is Verb.UNDELETE else visible_tasks(user)
    rows = seen.filter(id__in=[item.id for item in items]).order_by("id")
    return {task.id.hex: task for task in rows.select_related("owner").select_for_update(of=("self",))}


@dataclass
class _Hand:
    """Gives one task after another its turn."""

    user: AbstractBaseUser
    actor: str
    progress: Progress
    pen: Pen

    def turn(self, item: Item, task: ScheduledTask | None) -> Item | None:
        """Do it to a task, or note why not; gives what was done."""
        progress, order = self.progress, self.progress.order
        if task is None:
            progress.keep(None, _GONE)
        elif not may(self.user, order.deed, task):
            progress.keep(task, _DENIED)
        elif item.version is not None and task.version != item.version:
            progress.keep(task, _CHANGED)
        elif is_done_already(order, task):
            progress.same_count += 1
        else:
            return self._do(item, task)
        return None

    def _do(self, item: Item, task: ScheduledTask) -> Item | None:
        order = self.progress.order
        was = remembered(order, task)
        try:
            with transaction.atomic():
                now = perform(order, task, self.pen, actor=self.actor, was=item.was)
        except (TooMany, LimiterAway):
            raise
        except CarillonError as error:
            self.progress.keep(task, reason_of(error))
            return None
        self.progress.did(task)
        if why := lacks(order, now, item.was):
            self.progress.lack(now, why)
        return Item(item.id, now.version, was)


def _left_at(place: int) -> str:
    return f"left/{place}"


def _done_at(place: int) -> str:
    return f"done/{place}"


def _kept_at(place: int) -> str:
    return f"kept/{place}"


def _rows(items: Sequence[Item]) -> list[list[Any]]:
    return [[item.id, item.version, item.was] for item in items]


def _named(task: ScheduledTask | None, reason: str) -> list[str]:
    """Give what is said of a task that was left as it is, or lacks something; a deleted one has no page to lead to."""
    if task is None:
        return ["A task", reason, ""]
    return [task.name, reason, "" if task.is_deleted else str(task.pk)]


def _read(state: State) -> Progress:
    return Progress(**{**state, "order": Order.read(state["order"])})
