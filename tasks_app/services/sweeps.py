"""One deed on many runs, in steps: "retry all that match".

What it is about is fixed at the start: the filters, and the newest and the oldest run that were looked at. See `steps`.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import TaskRun
from tasks_app.selectors.access import Deed, may
from tasks_app.selectors.run_list import RunFilters, run_search
from tasks_app.selectors.run_walk import Found, run_find
from tasks_app.selectors.search_text import Search, Term, Word
from tasks_app.services import quotas, runs
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.services.steps import State, Steps, Turn
from tasks_app.services.validation import checked_note
from tasks_app.states import FINAL, OPEN, Status

AT_ONCE = 50
CAP = 10_000
RUNS_OF_A_START = 200
"""So many runs count as one start against the limit on how fast one person starts them."""
STEPS = Steps("/runs/sweeps/")
FORBIDDEN = "not yours to do this with"


class Verb(StrEnum):
    """What is done with each run."""

    RETRY = "retry"
    DISMISS = "dismiss"
    CANCEL = "cancel"

    @property
    def deed(self) -> Deed:
        """What one must be allowed with each of the runs."""
        return Deed.CANCEL if self is Verb.CANCEL else Deed.RUN


@dataclass(frozen=True)
class Plan:
    """What a sweep is about, as counted before it: `total` is taken to 10,001 at most.

    `cursor` lies just behind the newest run; `floor` is the oldest that was looked at, where not all were.
    """

    verb: Verb
    filters: RunFilters
    total: int = 0
    cursor: uuid.UUID | None = None
    floor: uuid.UUID | None = None

    @property
    def is_capped(self) -> bool:
        """There are more than are counted."""
        return self.total > CAP


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: runs older than `plan.cursor` are to come; None at the end.

    `left` counts what was left alone, by the reason.
    """

    plan: Plan
    note: str = ""
    done: int = 0
    left: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    """Why it paused before its time, in a sentence."""
    granted: int = 0
    """How many more runs the start that was counted last is good for."""

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        return self.plan.cursor is None

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


def sweep_plan(*, user: AbstractBaseUser, verb: Verb, filters: RunFilters) -> tuple[Plan, Found]:
    """Count what would be done, and to which: nothing is done or written yet."""
    found = run_find(user, filters)
    rows = fitting(found.rows, verb)
    total = rows.values("id")[: CAP + 1].count()
    newest = rows.values_list("id", flat=True).first()
    cursor = None if newest is None else uuid.UUID(int=newest.int + 1)
    return Plan(verb, filters, total, cursor, found.floor), found


def sweep_begin(*, user: AbstractBaseUser, token: uuid.UUID, plan: Plan, note: str = "") -> Progress:
    """Take a sweep down, once per token; gives how far it has come. Raises Conflict for a token of another."""
    progress = Progress(plan, checked_note(note))
    try:
        before = sweep_progress(user=user, token=token)
    except NotFound:
        STEPS.begin(user, token, _told(progress))
        return progress
    if before.plan.verb is not plan.verb:
        raise Conflict("This form was sent before, with something else in it.")
    return before


def sweep_progress(*, user: AbstractBaseUser, token: uuid.UUID) -> Progress:
    """How far the sweep with this token has come; raises NotFound where the user has none."""
    return _read(STEPS.state(user, token))


def sweep_go_on(*, user: AbstractBaseUser, token: uuid.UUID, actor: str) -> Progress:
    """Go on with a sweep, step by step, until it is through or the time is up."""
    return _read(STEPS.go_on(user, token, lambda turn: _step(actor, turn)))


def _step(actor: str, turn: Turn) -> bool:
    progress = replace(_read(turn.state), stopped="")
    if not progress.is_finished:
        progress = _Broom(turn.user, actor, turn, progress).sweep()
        turn.state = _told(progress)
    return not (progress.is_finished or progress.stopped)


class _Broom:
    """One step: some runs, as far as its time goes."""

    def __init__(self, user: AbstractBaseUser, actor: str, turn: Turn, progress: Progress) -> None:
        self.user, self.actor, self.turn = user, actor, turn
        self.verb, self.note, self.before = progress.plan.verb, progress.note, progress
        self.done, self.left, self.granted = progress.done, Counter(progress.left), progress.granted

    def sweep(self) -> Progress:
        """Do what there is time for, and give how far it came."""
        found = self._next()
        again = _run_again(found) if self.verb is Verb.RETRY else set()
        cursor, act, stopped = self.before.plan.cursor, self._act(), ""
        for run in found:
            try:
                self._one(run, act, is_again=run.id in again)
            except (TooMany, LimiterAway) as error:
                stopped = error.message
                break
            cursor = run.id
            if self.turn.is_over:
                break
        if len(found) < AT_ONCE and (not found or cursor == found[-1].id):
            cursor = None
        plan = replace(self.before.plan, cursor=cursor)
        left = {why: count for why, count in self.left.items() if count}
        return Progress(plan, self.note, self.done, left, stopped, self.granted)

    def _next(self) -> list[TaskRun]:
        plan = self.before.plan
        rows = fitting(run_search(self.user, plan.filters), self.verb).filter(id__lt=plan.cursor)
        if plan.floor is not None:
            rows = rows.filter(id__gte=plan.floor)
        return list(rows[:AT_ONCE])

    def _one(self, run: TaskRun, act: Callable[[TaskRun], Any], *, is_again: bool) -> None:
        if not may(self.user, self.verb.deed, run):
            self.left[FORBIDDEN] += 1
        elif is_again:
            self.left[runs.AGAIN] += 1
        else:
            if self.verb is Verb.RETRY:
                self._take_start(run)
            try:
                act(run)
                self.done += 1
            except (Conflict, NotFound) as error:
                self.left[error.message] += 1

    def _take_start(self, run: TaskRun) -> None:
        quotas.take_start(owner_id=run.owner_id, actor=self.actor, is_one_of_many=self.granted > 0)
        self.granted = (self.granted or RUNS_OF_A_START) - 1

    def _act(self) -> Callable[[TaskRun], Any]:
        if self.verb is Verb.RETRY:
            return lambda run: runs.run_again(run=run, actor=self.actor)
        if self.verb is Verb.DISMISS:
            return lambda run: runs.run_dismiss(run=run, actor=self.actor, note=self.note)
        return lambda run: runs.run_cancel(run=run, actor=self.actor)


def _run_again(found: Sequence[TaskRun]) -> set[uuid.UUID | None]:
    """What was run again before: the later run stands for it, and is among the runs itself if it failed."""
    known = [run.id for run in found]
    return set(TaskRun.objects.filter(rerun_of__in=known).values_list("rerun_of_id", flat=True))


def _told(progress: Progress) -> State:
    state = asdict(progress)
    state["plan"]["filters"]["zone"] = getattr(progress.plan.filters.zone, "key", "UTC")
    return state


def _read(state: State) -> Progress:
    plan = state["plan"]
    read = Plan(
        Verb(plan["verb"]), _filters(plan["filters"]), plan["total"], _as_id(plan["cursor"]), _as_id(plan["floor"])
    )
    return Progress(**{**state, "plan": read})


def _filters(stored: dict[str, Any]) -> RunFilters:
    found = {one.name: stored[one.name] for one in fields(RunFilters) if stored.get(one.name) not in (None, "")}
    for name in ("task", "batch"):
        found |= {name: uuid.UUID(found[name])} if name in found else {}
    for name in ("now", "created_from", "created_to"):
        found |= {name: datetime.fromisoformat(found[name])} if name in found else {}
    if "read" in found:
        terms = tuple(Term(one["name"], tuple(one["values"]), one["is_not"]) for one in found["read"]["terms"])
        found["read"] = Search(tuple(Word(**one) for one in found["read"]["words"]), terms)
    return RunFilters(**{**found, "zone": UTC if found["zone"] == "UTC" else ZoneInfo(found["zone"])})


def _as_id(text: str | uuid.UUID | None) -> uuid.UUID | None:
    return uuid.UUID(str(text)) if text else None
