"""Handing over a person's tasks, in bounded steps that can be gone on with; see `steps` and `handing_over`.

A task whose history is long follows over several steps: which one it is stands with the hand-over, so that a crash or
a closed page leaves nothing half-way for good.
"""

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.contrib.auth.models import User

from tasks_app.errors import Conflict, NotFound
from tasks_app.services.handing_over import (
    check_hand_over,
    figures_follow,
    history_follow,
    task_give,
    tasks_to_give,
)
from tasks_app.services.steps import Steps, Turn

AT_ONCE = 50
SHOWN = 100
"""So many of the tasks that stayed stand on one page."""
RECENT = 20
STEPS = Steps("/people/hand-overs/")


@dataclass
class HandOver:
    """How far a hand-over has come. All that `kept` counts are told with their reasons: by fifties, the rest in `tail`.

    `cursor` is the last task that was looked at, `moving` the one whose history is still on its way.
    """

    giver: int
    receiver: int
    total: int | None = None
    seen: int = 0
    moved: int = 0
    kept: int = 0
    tail: list[list[str]] = field(default_factory=list)
    cursor: str = ""
    moving: str = ""
    is_finished: bool = False

    @property
    def left(self) -> int:
        """How many tasks are still to be looked at."""
        return max(0, (self.total or 0) - self.seen)


@dataclass(frozen=True)
class Recent:
    """A hand-over that this person has begun within a day."""

    token: uuid.UUID
    at: datetime
    progress: HandOver
    receiver: str


def hand_over_begin(*, by: User, token: uuid.UUID, giver: User, receiver: User) -> None:
    """Take a hand-over down, once per token. Raises Forbidden, and Conflict where there is nobody to hand to."""
    check_hand_over(by=by, giver=giver, receiver=receiver)
    if giver.pk == receiver.pk:
        raise Conflict(f"These are the tasks of {giver.get_username()} already.")
    STEPS.begin(by, token, asdict(HandOver(giver.pk, receiver.pk)))


def hand_over_progress(*, by: User, token: uuid.UUID) -> HandOver:
    """How far it has come; raises NotFound where this user has begun none with this token."""
    return HandOver(**STEPS.state(by, token))


def hand_over_go_on(*, by: User, token: uuid.UUID) -> HandOver:
    """Go on, some tasks to a transaction, until all were looked at or the time is up."""
    return HandOver(**STEPS.go_on(by, token, _step))


def hand_over_kept(*, by: User, token: uuid.UUID, progress: HandOver, page: int) -> list[list[str]]:
    """One page of the tasks that stayed: id, name and reason of each."""
    whole = progress.kept // AT_ONCE
    first, end = (page - 1) * SHOWN // AT_ONCE, page * SHOWN // AT_ONCE
    told = STEPS.parts(by, token, *map(_kept_at, range(first, min(end, whole))))
    return told + (progress.tail if first <= whole < end else [])


def hand_overs_recent(*, by: User, giver: User) -> list[Recent]:
    """The user's last hand-overs of this person's tasks within a day, newest first."""
    found = [(token, at, HandOver(**state)) for token, at, state in STEPS.latest(by, RECENT)]
    of_giver = [one for one in found if one[2].giver == giver.pk]
    ids = {progress.receiver for _, _, progress in of_giver}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "username")) if ids else {}
    return [Recent(*one, names.get(one[2].receiver, "somebody who has gone")) for one in of_giver]


def _step(turn: Turn) -> bool:
    progress = HandOver(**turn.state)
    if not progress.is_finished:
        _Hand(turn, progress).work()
        turn.state = asdict(progress)
    return not progress.is_finished


class _Hand:
    """One step: the rest of a long history, or the next tasks, as far as its time goes."""

    def __init__(self, turn: Turn, progress: HandOver) -> None:
        self.turn, self.progress = turn, progress
        self.by = _person(turn.user.pk)
        self.giver, self.receiver = _person(progress.giver), _person(progress.receiver)

    def work(self) -> None:
        """Do what there is time for. A history that is on its way follows its task, whoever may do what by now."""
        if self.progress.moving:
            followed = self._follows(uuid.UUID(self.progress.moving))
        else:
            check_hand_over(by=self.by, giver=self.giver, receiver=self.receiver)
            followed = self._next()
        figures_follow(followed, self.giver.pk)

    def _next(self) -> list[uuid.UUID]:
        progress, followed = self.progress, list[uuid.UUID]()
        rows = tasks_to_give(self.giver)
        if progress.total is None:
            progress.total = rows.count()
        ids = list((rows.filter(pk__gt=progress.cursor) if progress.cursor else rows)[:AT_ONCE])
        for task_id in ids:
            followed += self._give(task_id)
            if self.turn.is_over or progress.moving:
                break
        is_through = not ids or progress.cursor == str(ids[-1])
        progress.is_finished = is_through and len(ids) < AT_ONCE and not progress.moving
        return followed

    def _give(self, task_id: uuid.UUID) -> list[uuid.UUID]:
        """Give one task, and note what came of it; gives it back where all of its history has followed."""
        progress = self.progress
        progress.cursor, progress.seen = str(task_id), progress.seen + 1
        given = task_give(task_id, by=self.by, giver=self.giver, receiver=self.receiver)
        if given is None:
            return []
        if given.reason:
            self._keep([str(task_id), given.task.name, given.reason])
            return []
        progress.moved += 1
        return self._follows(task_id)

    def _follows(self, task_id: uuid.UUID) -> list[uuid.UUID]:
        is_whole = history_follow(task_id, self.giver.pk, is_over=lambda: self.turn.is_over)
        self.progress.moving = "" if is_whole else str(task_id)
        return [task_id] * is_whole

    def _keep(self, told: list[str]) -> None:
        progress = self.progress
        progress.tail.append(told)
        progress.kept += 1
        if len(progress.tail) == AT_ONCE:
            self.turn.put(_kept_at(progress.kept // AT_ONCE - 1), progress.tail)
            progress.tail = []


def _kept_at(place: int) -> str:
    return f"kept/{place}"


def _person(person_id: int) -> User:
    found = User.objects.filter(pk=person_id).first()
    if found is None:
        raise NotFound("This person is not there any more.")
    return found
