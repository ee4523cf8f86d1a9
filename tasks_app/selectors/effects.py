"""The side effects of a run: they belong to the root of its repetitions, so each of those shows the same."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet

from tasks_app.models import Effect, RunAttempt, TaskRun
from tasks_app.states import Reason, Status

SHOWN = 50
COUNTED = 1001
_OPEN = (Effect.State.INTENT, Effect.State.UNKNOWN)


class Known(StrEnum):
    """What is known of the effects of a run that a lost one ended, and so what a retry would meet."""

    LOST = "lost"
    """Of one at least nobody knows whether it happened: a retry stops there."""
    AGAIN = "again"
    """One is left that a retry safely does again."""
    SAID = "said"
    """All of them happened or did not."""
    GONE = "gone"
    """None is on record any more."""


@dataclass(frozen=True)
class ShownEffect:
    """An effect, with the attempt that began it last (None where that is not on record any more).

    `can_settle`: nobody knows whether it happened, and no run that may still say so is running.
    """

    effect: Effect
    attempt: int | None
    can_settle: bool

    @property
    def state(self) -> str:
        """What is known: `intent` only while a run may be at it, or where a retry safely does it again."""
        is_lost = self.can_settle and not self.effect.is_idempotent
        return Effect.State.UNKNOWN.value if is_lost else self.effect.state


@dataclass(frozen=True)
class RunEffects:
    """What a run's page shows of its effects: those first that nobody knows of. `count` is taken to 1,001 at most."""

    shown: list[ShownEffect]
    count: int

    @property
    def open(self) -> list[ShownEffect]:
        """Those that a person can settle."""
        return [one for one in self.shown if one.can_settle]

    @property
    def blocks_retry(self) -> bool:
        """A retry would stop where this one did."""
        return any(one.state == Effect.State.UNKNOWN for one in self.open)


def family(root_run_id: uuid.UUID) -> QuerySet[TaskRun]:
    """The root run and all that repeat it."""
    return TaskRun.objects.filter(Q(id=root_run_id) | Q(root_run_id=root_run_id))


def effects_of(run: TaskRun) -> QuerySet[Effect]:
    """The effects of a run and of the runs that it repeats, in the order in which they were first begun."""
    return Effect.objects.filter(root_run_id=run.root_run_id or run.id).order_by("id")


def run_effects(run: TaskRun) -> RunEffects:
    """Give what a page shows."""
    found = effects_of(run)
    count = found.order_by()[:COUNTED].count()
    if not count:
        return RunEffects([], 0)
    first = list(found.filter(state__in=_OPEN)[:SHOWN])
    rest = list(found.exclude(state__in=_OPEN)[: SHOWN - len(first)])
    return RunEffects(shown_effects([*first, *rest]), count)


def shown_effects(effects: Iterable[Effect]) -> list[ShownEffect]:
    """Add to effects of one root what their runs say."""
    rows = list(effects)
    if not rows:
        return []
    writers = {row.run_id for row in rows}
    runs = {run.id: run for run in TaskRun.objects.filter(id__in=writers)}
    numbers = {
        (attempt.run_id, attempt.claim_no): attempt.number for attempt in RunAttempt.objects.filter(run_id__in=writers)
    }
    is_busy = family(rows[0].root_run_id).filter(status=Status.RUNNING).exists()
    return [ShownEffect(row, _attempt(row, runs, numbers), row.is_open and not is_busy) for row in rows]


def known_of(runs: Iterable[TaskRun]) -> dict[uuid.UUID, Known]:
    """What is known of the effects of those of these runs that a lost one ended.

    One query for all of them, and none where no run ended so.
    """
    roots = {run.id: run.root_run_id or run.id for run in runs if run.reason == Reason.EFFECT_UNKNOWN}
    if not roots:
        return {}
    kinds: dict[uuid.UUID, set[tuple[str, bool]]] = {root: set() for root in roots.values()}
    rows = Effect.objects.filter(root_run_id__in=kinds).order_by()
    for root, state, is_idempotent in rows.values_list("root_run_id", "state", "is_idempotent").distinct():
        kinds[root].add((state, is_idempotent))
    return {run_id: _known(kinds[root]) for run_id, root in roots.items()}


def _known(kinds: Iterable[tuple[str, bool]]) -> Known:
    found = set(kinds)
    if not found:
        return Known.GONE
    if any(_is_lost(*kind) for kind in found):
        return Known.LOST
    return Known.AGAIN if any(state in _OPEN for state, _ in found) else Known.SAID


def _is_lost(state: str, is_idempotent: bool) -> bool:
    return state == Effect.State.UNKNOWN or (state == Effect.State.INTENT and not is_idempotent)


def run_of(effect: Effect) -> TaskRun | None:
    """Give the run that wrote the effect last, or the newest that repeats the same work."""
    runs = family(effect.root_run_id)
    return runs.filter(id=effect.run_id).first() or runs.order_by("-id").first()


def happened_in_repeated(run_id: str, *, key: str) -> bool:
    """Say whether a person has vouched for an effect of the run that this one repeats; `key` has a place for its id."""
    run = TaskRun.objects.filter(id=run_id).only("rerun_of_id", "root_run_id").first()
    if run is None or run.rerun_of_id is None:
        return False
    found = Effect.objects.filter(root_run_id=run.root_run_id or run.id, key=key.format(run.rerun_of_id))
    return found.filter(state=Effect.State.DONE).exclude(settled_by="").exists()


def _attempt(row: Effect, runs: dict[uuid.UUID, TaskRun], numbers: dict[tuple[uuid.UUID, int], int]) -> int | None:
    number = numbers.get((row.run_id, row.claim_no))
    run = runs.get(row.run_id)
    if number is None and run is not None and run.claim_no == row.claim_no:
        return run.attempt
    return number
