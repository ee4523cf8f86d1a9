"""One deed on many runs, in steps: "retry all that match".

What it is about is fixed at the start: the filters, and the newest and the oldest run that were looked at. See `steps`.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import TaskRun
from tasks_app.selectors.access import may, visible_runs
from tasks_app.selectors.run_list import RunFilters, run_search
from tasks_app.selectors.run_walk import run_find
from tasks_app.selectors.walk import Found
from tasks_app.services import quotas, runs
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.services.steps import Steps, Turn
from tasks_app.services.sweep_state import CAP, Plan, Progress, Verb, read, written
from tasks_app.services.validation import checked_note
from tasks_app.states import FINAL, OPEN, Status

AT_ONCE = 50
RUNS_OF_A_START = 200
"""So many runs count as one start against the limit on how fast one person starts them."""
STEPS = Steps("/runs/sweeps/")
ASKABLE = (Verb.RETRY, Verb.DISMISS, Verb.CANCEL)
FORBIDDEN = "not yours to do this with"
NOT_ENDED = "not ended yet"
SLOTS = "a row for many skipped slots"
NOT_FAILED = "not failed"
DISMISSED = "dismissed already"
ENDED = "ended already"
ASKED = "asked to stop already"
CHANGED = "changed since"
GONE = "not there any more"


class Foreseen(NamedTuple):
    """How many were run again already, and are left alone, and how many of the others are dismissed."""

    again: int = 0
    dismissed: int = 0


def fitting(rows: QuerySet[TaskRun], verb: Verb, *, is_ticked: bool = False) -> QuerySet[TaskRun]:
    """Keep the runs that are in a state for this, newest first.

    Of runs that were ticked also those are left out that were run again before; of all that match they are found later.
    """
    if verb is Verb.RETRY:
        rows = rows.filter(status__in=sorted(FINAL), range_to=None)
        if is_ticked:
            rows = rows.exclude(Exists(TaskRun.objects.filter(rerun_of=OuterRef("id"))))
    elif verb is Verb.DISMISS:
        rows = rows.filter(status=Status.FAILED, dismissed_at=None)
    else:
        rows = rows.filter(status__in=sorted(OPEN), cancel_requested_at=None)
    return rows.order_by("-id")


def unfit(run: TaskRun, verb: Verb) -> str:
    """Say why a run is in no state for this; "" where it is. So many runs are left alone, and told, for this reason."""
    if verb is Verb.RETRY and not run.can_retry:
        return SLOTS if run.is_final else NOT_ENDED
    if verb is Verb.DISMISS and not run.needs_person:
        return DISMISSED if run.status == Status.FAILED else NOT_FAILED
    if verb is Verb.CANCEL and not run.can_cancel:
        return ENDED if run.is_final else ASKED
    return ""


def left_alone(ticked: list[TaskRun], verb: Verb) -> Counter[str]:
    """Count the runs, of those that were ticked, that will be left alone, by the reason."""
    again = _run_again(ticked) if verb is Verb.RETRY else set()
    whys = (unfit(run, verb) or (runs.AGAIN if run.id in again else "") for run in ticked)
    return Counter(filter(None, whys))


def foreseen(rows: QuerySet[TaskRun], plan: Plan) -> Foreseen:
    """Tell what is known of all that match before they are run again, where they can be counted."""
    if plan.verb is not Verb.RETRY or plan.is_capped:
        return Foreseen()
    later = Exists(TaskRun.objects.filter(rerun_of=OuterRef("id")))
    is_dismissed = ~later & Q(dismissed_at__isnull=False)
    rows = fitting(rows, plan.verb).order_by()
    found = rows.aggregate(again=Count("id", filter=later), dismissed=Count("id", filter=is_dismissed))
    return Foreseen(**found)


def sweep_plan(*, user: AbstractBaseUser, verb: Verb, filters: RunFilters) -> tuple[Plan, Found[TaskRun]]:
    """Count what would be done, and to which: nothing is done or written yet.

    What has not ended is looked for among the newest runs, but for one state: no index knows it beside a type, say.
    """
    if verb is Verb.CANCEL and not (filters.status or filters.ids):
        filters = replace(filters, not_ended=True)
    found = run_find(user, filters)
    rows = fitting(found.rows, verb, is_ticked=bool(filters.ids))
    total = rows.values("id")[: CAP + 1].count()
    walked = found.rows if filters.ids and total else rows
    newest = walked.values_list("id", flat=True).first()
    cursor = None if newest is None else uuid.UUID(int=newest.int + 1)
    return Plan(verb, filters, total, cursor, found.floor), found


def sweep_begin(*, user: AbstractBaseUser, token: uuid.UUID, plan: Plan, note: str = "") -> Progress:
    """Take a sweep down, once per token; gives how far it has come. Raises Conflict for a token of another."""
    progress = Progress(plan, checked_note(note))
    try:
        before = sweep_progress(user=user, token=token)
    except NotFound:
        STEPS.begin(user, token, written(progress))
        return progress
    if before.plan.verb is not plan.verb:
        raise Conflict("This form was sent before, with something else in it.")
    return before


def sweep_progress(*, user: AbstractBaseUser, token: uuid.UUID) -> Progress:
    """How far the sweep with this token has come; raises NotFound where the user has none."""
    return read(STEPS.state(user, token))


def sweep_go_on(*, user: AbstractBaseUser, token: uuid.UUID, actor: str) -> Progress:
    """Go on with a sweep, step by step, until it is through or the time is up."""
    return read(STEPS.go_on(user, token, lambda turn: _step(actor, turn)))


def sweep_undo(*, user: AbstractBaseUser, token: uuid.UUID) -> uuid.UUID:
    """Take down the way back from a dismissal, once, and give its token; runs that have changed since stay as they are.

    Raises Conflict where there is none.
    """
    before = sweep_progress(user=user, token=token)
    if not before.can_undo:
        raise Conflict("There is no way back from this.")
    items = STEPS.parts(user, token, *map(_done_at, range(before.known)))
    parts = {_left_at(place): items[place : place + AT_ONCE] for place in range(0, len(items), AT_ONCE)}
    undo_token = uuid.uuid5(token, "undo")
    STEPS.begin(user, undo_token, written(Progress(Plan(Verb.UNDISMISS, RunFilters(), len(items)))), parts)
    return undo_token


def _step(actor: str, turn: Turn) -> bool:
    progress = replace(read(turn.state), stopped="")
    if not progress.is_finished:
        way = _WayBack if progress.plan.verb is Verb.UNDISMISS else _Broom
        progress = way(turn.user, actor, turn, progress).sweep()
        turn.state = written(progress)
    return not (progress.is_finished or progress.stopped)


class _Broom:
    """One step: some runs, as far as its time goes."""

    def __init__(self, user: AbstractBaseUser, actor: str, turn: Turn, progress: Progress) -> None:
        self.user, self.actor, self.turn = user, actor, turn
        self.verb, self.note, self.before = progress.plan.verb, progress.note, progress
        self.done, self.left, self.granted = progress.done, Counter(progress.left), progress.granted
        self.dismissed: list[tuple[str, int]] = []

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
        return self._progress(replace(self.before.plan, cursor=cursor), stopped)

    def _progress(self, plan: Plan, stopped: str = "") -> Progress:
        left = {why: count for why, count in self.left.items() if count}
        return Progress(plan, self.note, self.done, left, stopped, self.granted, self._keep_in_mind())

    def _keep_in_mind(self) -> int:
        """Put down what was dismissed, such that it can be taken back, as long as that is not too much."""
        known = self.before.known
        if not self.dismissed or known < self.before.done or self.done > CAP:
            return known
        self.turn.put(_done_at(known), self.dismissed)
        return known + len(self.dismissed)

    def _next(self) -> list[TaskRun]:
        plan = self.before.plan
        rows = run_search(self.user, plan.filters)
        if not plan.filters.ids:  # of those that were ticked each is told of
            rows = fitting(rows, self.verb)
        rows = rows.filter(id__lt=plan.cursor)
        if plan.floor is not None:
            rows = rows.filter(id__gte=plan.floor)
        return list(rows[:AT_ONCE])

    def _one(self, run: TaskRun, act: Callable[[TaskRun], Any], *, is_again: bool) -> None:
        if not may(self.user, self.verb.deed, run):
            self.left[FORBIDDEN] += 1
        elif why := unfit(run, self.verb):
            self.left[why] += 1
        elif is_again:
            self.left[runs.AGAIN] += 1
        else:
            if self.verb is Verb.RETRY:
                self._take_start(run)
            try:
                after = act(run)
                self.done += 1
                if self.verb is Verb.DISMISS:
                    self.dismissed.append((after.id.hex, after.version))
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


class _WayBack(_Broom):
    """One step of taking back what a sweep dismissed: of what is kept in mind, the next."""

    def sweep(self) -> Progress:
        """Put back what there is time for, and give how far it came."""
        first = self.before.seen - self.before.seen % AT_ONCE
        items = self.turn.part(_left_at(first))[self.before.seen - first :]
        rows = visible_runs(self.user).select_related("task").filter(id__in=[name for name, _ in items])
        found = {run.id.hex: run for run in rows}
        again = _run_again(found.values())
        for name, version in items:
            run = found.get(name)
            if run is None or run.version != version:
                self.left[GONE if run is None else CHANGED] += 1
            else:
                self._one(run, self._put_back, is_again=run.id in again)
            if self.turn.is_over:
                break
        return self._progress(self.before.plan)

    def _put_back(self, run: TaskRun) -> TaskRun:
        return runs.run_undismiss(run=run, actor=self.actor)


def _done_at(place: int) -> str:
    return f"done/{place}"


def _left_at(place: int) -> str:
    return f"left/{place}"


def _run_again(found: Iterable[TaskRun]) -> set[uuid.UUID | None]:
    """What was run again before: the later run stands for it, and is among the runs itself if it failed."""
    known = [run.id for run in found]
    return set(TaskRun.objects.filter(rerun_of__in=known).values_list("rerun_of_id", flat=True))
