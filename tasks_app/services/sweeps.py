"""One deed on many runs, in steps: "retry all that match".

Each step is one transaction over at most 200 runs, remembered like the answer to a repeated POST: whoever sends the
same sweep a second time, or at the same moment, walks over the steps that are done and does none of them again.
"""

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import TaskRun
from tasks_app.selectors.access import Deed, may
from tasks_app.services import quotas, runs
from tasks_app.services.idempotency import Answer, Used, once
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.states import FINAL, OPEN, Status

STEP = 200
SECONDS = 10.0
FORBIDDEN, AGAIN = "not yours to do this with", "had been run again already"


class Verb(StrEnum):
    """What is done with each run."""

    RETRY = "retry"
    DISMISS = "dismiss"
    CANCEL = "cancel"


_DEEDS = {Verb.RETRY: Deed.RUN, Verb.DISMISS: Deed.RUN, Verb.CANCEL: Deed.CANCEL}


@dataclass(frozen=True)
class Sweep:
    """What is to be done, and by whom. `token` names this sweep and no other; `rows` are all runs that it is about."""

    verb: Verb
    user: AbstractBaseUser
    actor: str
    token: str
    rows: QuerySet[TaskRun]
    note: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: runs older than `cursor` are left; None at the end. `left` counts what was left alone."""

    cursor: uuid.UUID | None
    done: int = 0
    left: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    """Why it paused before its time, in a sentence."""

    @property
    def seen(self) -> int:
        """How many runs were looked at."""
        return self.done + sum(self.left.values())


def fitting(rows: QuerySet[TaskRun], verb: Verb) -> QuerySet[TaskRun]:
    """Keep the runs that are in a state for this, newest first."""
    if verb is Verb.RETRY:
        rows = rows.filter(status__in=sorted(FINAL), range_to=None)
    elif verb is Verb.DISMISS:
        rows = rows.filter(status=Status.FAILED, dismissed_at=None)
    else:
        rows = rows.filter(status__in=sorted(OPEN), cancel_requested_at=None)
    return rows.order_by("-id")


def sweep_on(sweep: Sweep, progress: Progress) -> Progress:
    """Go on with a sweep, step by step, until it is through or the time is up."""
    deadline = time.monotonic() + SECONDS
    progress = replace(progress, stopped="")
    while progress.cursor is not None and time.monotonic() < deadline:
        try:
            progress = _step(sweep, progress)
        except (TooMany, LimiterAway) as error:
            return replace(progress, stopped=error.message)
    return progress


def _step(sweep: Sweep, progress: Progress) -> Progress:
    used = Used(f"user:{sweep.user.pk}", "POST", f"sweep:{sweep.verb}", f"{sweep.token}:{progress.cursor}")
    digest = hashlib.sha256(f"{sweep.verb}\0{sweep.note}".encode("utf-8", "replace")).hexdigest()
    answer = once(used, digest=digest, work=lambda: Answer(200, _told(_work(sweep, progress)), {}))
    return _read(answer.body or {})


def _work(sweep: Sweep, progress: Progress) -> Progress:
    found = list(fitting(sweep.rows, sweep.verb).filter(id__lt=progress.cursor)[:STEP])
    left, done = Counter(progress.left), progress.done
    mine = [run for run in found if may(sweep.user, _DEEDS[sweep.verb], run)]
    left[FORBIDDEN] += len(found) - len(mine)
    if sweep.verb is Verb.RETRY:
        mine = _not_again(mine, left)
        _take_starts(mine, sweep.actor)
    act = _acts(sweep)
    for run in mine:
        try:
            act(run)
            done += 1
        except (Conflict, NotFound) as error:
            left[error.message] += 1
    cursor = found[-1].id if len(found) == STEP else None
    return Progress(cursor, done, {why: count for why, count in left.items() if count})


def _not_again(found: Sequence[TaskRun], left: Counter[str]) -> list[TaskRun]:
    """Leave out what was run again before: the later run stands for it, and is among the runs itself if it failed."""
    known = {run.id for run in found}
    again = set(TaskRun.objects.filter(rerun_of__in=known).values_list("rerun_of_id", flat=True))
    left[AGAIN] += len(again)
    return [run for run in found if run.id not in again]


def _take_starts(found: Sequence[TaskRun], actor: str) -> None:
    for owner_id, count in Counter(run.owner_id for run in found).items():
        quotas.take_start(owner_id=owner_id, actor=actor, runs=count)


def _acts(sweep: Sweep) -> Callable[[TaskRun], Any]:
    if sweep.verb is Verb.RETRY:
        return lambda run: runs.run_again(run=run, actor=sweep.actor)
    if sweep.verb is Verb.DISMISS:
        return lambda run: runs.run_dismiss(run=run, actor=sweep.actor, note=sweep.note)
    return lambda run: runs.run_cancel(run=run, actor=sweep.actor)


def _told(progress: Progress) -> dict[str, Any]:
    cursor = str(progress.cursor) if progress.cursor else None
    return {"cursor": cursor, "done": progress.done, "left": progress.left}


def _read(body: dict[str, Any]) -> Progress:
    return Progress(uuid.UUID(body["cursor"]) if body["cursor"] else None, body["done"], body["left"])
