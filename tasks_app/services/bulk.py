"""One action on many tasks, in bounded steps that can be gone on with, and taken back where that is possible.

The tasks are fixed at the start. What was done to each, so that it can be taken back, is kept with the action; see
`steps`.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
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
_SLOW = 10
"""How many tasks a step reads: of slow verbs fewer, because its time may be up before the others have their turn."""
STEPS = Steps("/tasks/bulk/")
_REASONS = 20
_GONE = "It is not there any more."
_CHANGED = "It has been changed since."
_DENIED = "It is not yours to do this with."


@dataclass
class Item:
    """A task still to come, or done: at which version, and what the way back must know of it."""

    id: str
    version: int | None = None
    was: dict[str, Any] = field(default_factory=dict)


@dataclass
class Progress:
    """How far an action has come. `kept` names the first tasks that were left as they are, with the reason; `lacking`
    those that came back paused, because something that they need has gone."""

    order: Order
    back: str
    total: int
    is_undo: bool = False
    passed: int = 0
    done_count: int = 0
    same_count: int = 0
    kept: list[list[str]] = field(default_factory=list)
    kept_count: int = 0
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

    def keep(self, name: str, reason: str) -> None:
        """Note a task that stays as it is."""
        self.kept_count += 1
        if len(self.kept) < _REASONS:
            self.kept.append([name, reason])

    def lack(self, name: str, reason: str) -> None:
        """Note a task that came back paused."""
        self.lacking_count += 1
        if len(self.lacking) < _REASONS:
            self.lacking.append([name, reason])


def bulk_begin(*, user: User, token: uuid.UUID, order: Order, ids: Sequence[uuid.UUID], back: str = "") -> None:
    """Take the order down, once per token. Raises Invalid for a tag or note that cannot be, Conflict for too many."""
    if len(ids) > MOST:
        raise Conflict(f"At most {MOST:,} tasks at once; narrow the search.")
    if order.verb not in ASKABLE:
        raise Conflict("This is only the way back from something else.")
    items = [Item(one.hex) for one in ids]
    _take_down(user, token, Progress(order=checked(order), back=back[:2000], total=len(items)), items)


def bulk_undo(*, user: User, token: uuid.UUID) -> uuid.UUID:
    """Take down the way back, once, and give its token; tasks that have changed since will stay as they are."""
    before = bulk_progress(user=user, token=token)
    if not before.can_undo:
        raise Conflict("There is no way back from this.")
    names = [_done_at(place) for place in range(before.total)]
    items = [Item(*one) for one in STEPS.parts(user, token, *names)]
    order = Order(verb=REVERSE[before.order.verb], tag=before.order.tag)
    undo_token = uuid.uuid5(token, "undo")
    _take_down(user, undo_token, Progress(order=order, back=before.back, total=len(items), is_undo=True), items)
    return undo_token


def bulk_progress(*, user: User, token: uuid.UUID) -> Progress:
    """How far the action with this token has come; raises NotFound where the user has none."""
    return _read(STEPS.state(user, token))


def bulk_go_on(*, user: User, token: uuid.UUID, actor: str = "", seconds: float | None = None) -> Progress:
    """Do what is left, some tasks to a transaction, until all is done or the time is up."""
    by = actor or actor_of(user)
    return _read(STEPS.go_on(user, token, lambda turn: _step(turn, by), seconds=seconds))


def _take_down(user: User, token: uuid.UUID, progress: Progress, items: Sequence[Item]) -> None:
    rows = [[item.id, item.version, item.was] for item in items]
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
    begun = progress.passed
    with Pen() as pen:
        hand = _Hand(turn.user, actor, progress, pen)
        for item in items:
            try:
                made = hand.turn(item, tasks.get(item.id))
            except (TooMany, LimiterAway) as error:
                progress.stopped = error.message
                break
            done += [made] if made else []
            progress.passed += 1
            if turn.is_over:
                break
    if done and progress.order.verb in REVERSE:
        turn.put(_done_at(begun), [[item.id, item.version, item.was] for item in done])
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
            progress.keep("A task", _GONE)
        elif not may(self.user, order.deed, task):
            progress.keep(task.name, _DENIED)
        elif item.version is not None and task.version != item.version:
            progress.keep(task.name, _CHANGED)
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
            self.progress.keep(task.name, reason_of(error))
            return None
        self.progress.done_count += 1
        if why := lacks(order, now, item.was):
            self.progress.lack(now.name, why)
        return Item(item.id, now.version, was)


def _left_at(place: int) -> str:
    return f"left/{place}"


def _done_at(place: int) -> str:
    return f"done/{place}"


def _read(state: State) -> Progress:
    order = Order(**{**state["order"], "verb": Verb(state["order"]["verb"])})
    return Progress(**{**state, "order": order})
