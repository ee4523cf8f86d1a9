"""Two workers, one run with one side effect, every order of their steps and deaths: all states that can be reached.

The steps are the engine's own, with its SQL. A worker may die, or be overtaken and go on, between any two of them; what
it was in the middle of was committed or was not. A state that was seen before is not gone on from.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import astuple, dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from tasks_app.errors import EffectUnknown, RunStopped
from tasks_app.models import Effect, TaskRun
from tasks_app.services import claiming, outcomes, upkeep
from tasks_app.services.execution import effects
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Reason
from tests import runs
from tests.services.ends import failure
from tests.services.run_model import RETRIES, Model, check_row
from tests.services.test_any_interleaving import ENDS, cancel, expire, release

pytestmark = pytest.mark.django_db

CLAIMS = 3


@dataclass
class Hand:
    """A worker: the claim that it believes in, and how far its handler has come."""

    claim_no: int = 0
    phase: str = "idle"


@dataclass
class World:
    """Everything that differs between two states."""

    model: Model = field(default_factory=Model)
    hands: list[Hand] = field(default_factory=lambda: [Hand(), Hand()])
    effect: str = ""
    happened: int = 0

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for states from which the same can follow; which of the two workers is which does not matter."""
        hands = sorted((self.model.holds(hand.claim_no), hand.phase) for hand in self.hands)
        return astuple(replace(self.model, fenced=0)), tuple(hands), self.effect, min(self.happened, 3)


Step = tuple[str, Callable[[World], None]]


class Walk:
    """A walk through all states, depth first, each step undone by a savepoint."""

    def __init__(self, run_id: UUID, *, is_idempotent: bool) -> None:
        self.run_id = run_id
        self.is_idempotent = is_idempotent
        self.seen: set[tuple[Any, ...]] = set()
        self.ends: set[tuple[str, str, int]] = set()
        self.path: list[str] = []

    def go(self, world: World) -> None:
        """Take every step that can follow, and go on from what is new."""
        self.seen.add(world.key)
        if world.model.is_final:
            self.ends.add((world.model.status, world.model.reason, world.happened))
        for name, step in self.steps(world):
            following, savepoint = deepcopy(world), transaction.savepoint()
            self.path.append(name)
            try:
                step(following)
                self.check(following)
                if following.key not in self.seen:
                    self.go(following)
            except AssertionError as error:
                raise AssertionError(f"{error}\nafter {' → '.join(self.path)}") from error
            self.path.pop()
            transaction.savepoint_rollback(savepoint)

    def steps(self, world: World) -> Iterator[Step]:
        """Give what can happen next."""
        for index, hand in enumerate(world.hands):
            for name, step in self._steps_of(world, hand.phase, index):
                yield f"{name} {index}", step
        if world.model.status == "running" and not world.model.is_expired:
            yield "expire", self._expire
        if world.model.is_expired:
            yield "sweep", self._sweep
        if not world.model.is_final and not world.model.is_asked:
            yield "cancel", self._cancel
        if world.model.status == "scheduled":
            yield "release", self._release

    def _steps_of(self, world: World, phase: str, index: int) -> Iterator[Step]:
        if phase == "idle":
            if world.model.status == "queued" and world.model.claim_no < CLAIMS:
                yield "claim", lambda world: self._claim(world, world.hands[index])
            return
        onward = {"begun": self._intend, "intended": self._act, "acted": self._confirm}.get(phase)
        if onward is not None:
            yield onward.__name__, lambda world: onward(world, world.hands[index])
        if phase == "confirmed":
            yield "succeed", lambda world: self._end(world, world.hands[index], "succeed")
        if phase == "doubt":
            yield "doubt", lambda world: self._end(world, world.hands[index], "doubt")
        for verb in ("fail", "hand_back", "crash"):
            yield verb, lambda world, verb=verb: self._end(world, world.hands[index], verb)  # type: ignore[misc]
        yield "die", lambda world: _forget(world.hands[index])

    def check(self, world: World) -> None:
        """What must hold in every state."""
        check_row(world.model, TaskRun.objects.get(id=self.run_id))
        if not self.is_idempotent:
            assert world.happened <= 1, "the effect happened twice"
        if world.model.status == "succeeded":
            assert world.happened >= 1, "succeeded without its effect"
        assert len(set(Effect.objects.values_list("key", flat=True))) <= 1

    # The steps.

    def _claim(self, world: World, hand: Hand) -> None:
        run = claiming.claim_next(queues=["default"], worker="w", lease_seconds=60)
        assert run is not None
        world.model.claim()
        hand.claim_no, hand.phase = run.claim_no, "begun"

    def _intend(self, world: World, hand: Hand) -> None:
        try:
            row = effects._begin(self._run(), self._held(hand), "mail", is_idempotent=self.is_idempotent)
        except RunStopped:
            assert not world.model.holds(hand.claim_no)
            return _forget(hand)
        except EffectUnknown:
            world.effect, hand.phase = "unknown", "doubt"
            return None
        assert world.model.holds(hand.claim_no), "only who holds the run begins an effect"
        world.effect = row.state
        hand.phase = "confirmed" if row.state == Effect.State.DONE else "intended"
        return None

    def _act(self, world: World, hand: Hand) -> None:
        world.happened += 1
        hand.phase = "acted"

    def _confirm(self, world: World, hand: Hand) -> None:
        effects.Handle(Effect.objects.get()).confirm()
        world.effect, hand.phase = "done", "confirmed"

    def _end(self, world: World, hand: Hand, verb: str) -> None:
        held = self._held(hand)
        doubt = failure(reason=Reason.EFFECT_UNKNOWN, is_permanent=True)
        heard = outcomes.attempt_failed(held, doubt) if verb == "doubt" else ENDS[verb](held)
        assert (heard is not None) == world.model.write(hand.claim_no, verb)
        _forget(hand)

    def _expire(self, world: World) -> None:
        expire(self.run_id)
        world.model.is_expired = True

    def _sweep(self, world: World) -> None:
        assert upkeep.rescue_expired("upkeep:here") == 1
        world.model.sweep()

    def _cancel(self, world: World) -> None:
        cancel(self.run_id)
        world.model.cancel()

    def _release(self, world: World) -> None:
        release(self.run_id)
        world.model.release()

    def _held(self, hand: Hand) -> Claim:
        return Claim(self.run_id, hand.claim_no, "w")

    def _run(self) -> TaskRun:
        return TaskRun.objects.get(id=self.run_id)


def _forget(hand: Hand) -> None:
    hand.claim_no, hand.phase = 0, "idle"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("is_idempotent", [False, True], ids=["once", "idempotent"])
def test_every_order_of_two_workers_steps_and_deaths_keeps_the_promise(alice: User, is_idempotent: bool) -> None:
    run = runs.make_run(alice, max_retries=RETRIES, retry={"delays": [60]})
    walk = Walk(run.id, is_idempotent=is_idempotent)
    walk.go(World())

    ends = {(status, reason) for status, reason, _ in walk.ends}
    assert {("succeeded", ""), ("failed", "handler_error"), ("failed", "worker_lost"), ("cancelled", "user")} <= ends
    assert (("failed", "effect_unknown") in ends) == (not is_idempotent)
    assert len(walk.seen) > 1000
