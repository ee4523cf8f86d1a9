"""Two workers, one run with one side effect, every order of their steps and deaths: all states that can be reached.

The steps are the engine's own, with its SQL. A worker may die, or be overtaken and go on, between any two of them; what
it was in the middle of was committed or was not. A state that was seen before is not gone on from; a step is taken once
for all states that have come to the same rows together, and from such rows again only where it leads to a new state.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import astuple, dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

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
        return *self.rows, tuple(hands), min(self.happened, 3)

    @property
    def rows(self) -> tuple[Any, ...]:
        """The same for the same rows in the database; refused writes are counted, and change nothing."""
        return astuple(replace(self.model, fenced=0)), self.effect

    def copy(self) -> "World":
        """Give one like it."""
        return replace(self, model=copy(self.model), hands=[copy(hand) for hand in self.hands])


@dataclass
class Step:
    """What can happen next, and to whom."""

    name: str
    take: Callable[[World], None]
    index: int | None = None

    @property
    def is_outside(self) -> bool:
        """Nothing in the database has to do with it."""
        return self.name in ("die", "act")

    def of(self, world: World) -> tuple[Any, ...]:
        """The same for steps that must do the same to the database and to who takes them."""
        holds = self.index is not None and world.model.holds(world.hands[self.index].claim_no)
        return self.name, holds, *world.rows

    def by(self, world: World) -> tuple[str, int]:
        """The same for steps that are, where the rows are the same, one and the same."""
        return self.name, -1 if self.index is None else world.hands[self.index].claim_no

    def foretell(self, world: World, known: World) -> World:
        """Give the world after the step, of which is known what it came to elsewhere, whoever took it there."""
        following = replace(world.copy(), model=copy(known.model), effect=known.effect)
        if self.index is not None:
            following.hands[self.index] = copy(known.hands[0])
        return following


Fork = list[tuple[Step, World]]
"""One step in the database, and the worlds, alike but for what is outside of it, in which somebody can take it."""


class Walk:
    """A walk through all states, depth first, each step undone by a savepoint."""

    def __init__(self, run_id: UUID, *, is_idempotent: bool) -> None:
        self.run_id = run_id
        self.is_idempotent = is_idempotent
        self.seen: set[tuple[Any, ...]] = set()
        self.known: dict[tuple[Any, ...], World] = {}
        self.ends: set[tuple[str, str, int]] = set()
        self.path: list[str] = []

    def go(self, worlds: list[World]) -> None:
        """Take every step that can follow where the rows are as they are now, and go on from what is new."""
        forks: dict[tuple[str, int], Fork] = {}
        for world in self._with_what_happens_outside(worlds):
            if world.model.is_final:
                self.ends.add((world.model.status, world.model.reason, world.happened))
            for step in self.steps(world):
                if not step.is_outside:
                    forks.setdefault(step.by(world), []).append((step, world))
        for fork in forks.values():
            step = fork[0][0]
            self.path.append(f"{step.name} {'' if step.index is None else step.index}".strip())
            self._take(fork)
            self.path.pop()

    def _with_what_happens_outside(self, worlds: list[World]) -> Iterator[World]:
        """Give the worlds, and all that can come of them while nothing happens to the rows."""
        waiting = [world for world in worlds if self._is_new(world)]
        while waiting:
            world = waiting.pop()
            yield world
            for step in filter(lambda step: step.is_outside, self.steps(world)):
                following = world.copy()
                step.take(following)
                waiting += [following] if self._is_new(following) else []

    def _is_new(self, world: World) -> bool:
        self.check_outside(world)
        is_new = world.key not in self.seen
        self.seen.add(world.key)
        return is_new

    def _take(self, fork: Fork) -> None:
        """Take one step, and undo what it and all after it did to the database."""
        step, world = fork[0]
        known = self.known.get(step.of(world))
        if known is not None and all(one.foretell(before, known).key in self.seen for one, before in fork):
            return
        savepoint, announced = transaction.savepoint(), len(connection.run_on_commit)
        following = world.copy()
        step.take(following)
        self.check(following)
        assert known is None or step.foretell(world, known).key == following.key, "the same step did something else"
        taker = [] if step.index is None else [copy(following.hands[step.index])]
        told = self.known[step.of(world)] = replace(following.copy(), hands=taker)
        self.go([one.foretell(before, told) for one, before in fork])
        transaction.savepoint_rollback(savepoint)
        transaction.savepoint_commit(savepoint)  # else it stays, and all that follow stand inside of it
        del connection.run_on_commit[announced:]

    def steps(self, world: World) -> Iterator[Step]:
        """Give what can happen next."""
        for index, hand in enumerate(world.hands):
            yield from self._steps_of(world, hand.phase, index)
        if world.model.status == "running" and not world.model.is_expired:
            yield Step("expire", self._expire)
        if world.model.is_expired:
            yield Step("sweep", self._sweep)
        if not world.model.is_final and not world.model.is_asked:
            yield Step("cancel", self._cancel)
        if world.model.status == "scheduled":
            yield Step("release", self._release)

    def _steps_of(self, world: World, phase: str, index: int) -> Iterator[Step]:
        if phase == "idle":
            if world.model.status == "queued" and world.model.claim_no < CLAIMS:
                yield Step("claim", lambda world: self._claim(world, world.hands[index]), index)
            return
        onward = {"begun": self._intend, "intended": self._act, "acted": self._confirm}.get(phase)
        if onward is not None:
            yield Step(onward.__name__.strip("_"), lambda world: onward(world, world.hands[index]), index)
        ends = {"confirmed": ["succeed"], "doubt": ["doubt"]}.get(phase, [])
        for verb in (*ends, "fail", "hand_back", "crash"):
            yield Step(verb, lambda world, verb=verb: self._end(world, world.hands[index], verb), index)  # type: ignore[misc]
        yield Step("die", lambda world: _forget(world.hands[index]), index)

    def check(self, world: World) -> None:
        """What must hold in every state."""
        self.check_outside(world)
        check_row(world.model, self._run())
        assert len(set(Effect.objects.values_list("key", flat=True))) <= 1

    def check_outside(self, world: World) -> None:
        """What must hold outside of the database."""
        if not self.is_idempotent:
            assert world.happened <= 1, "the effect happened twice"
        if world.model.status == "succeeded":
            assert world.happened >= 1, "succeeded without its effect"

    # The steps.

    def _claim(self, world: World, hand: Hand) -> None:
        run = claiming.claim_next(queues=["default"], worker="w", lease_seconds=60)
        assert run is not None
        world.model.claim()
        hand.claim_no, hand.phase = run.claim_no, "begun"

    def _intend(self, world: World, hand: Hand) -> None:
        try:
            block = effects.effect(self._run(), self._held(hand), "mail", is_idempotent=self.is_idempotent)
            row = block.__enter__()._row
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
    try:
        walk.go([World()])
    except AssertionError as error:
        raise AssertionError(f"{error}\nafter {' → '.join(walk.path)}") from error

    ends = {(status, reason) for status, reason, _ in walk.ends}
    assert {("succeeded", ""), ("failed", "handler_error"), ("failed", "worker_lost"), ("cancelled", "user")} <= ends
    assert (("failed", "effect_unknown") in ends) == (not is_idempotent)
    assert len(walk.seen) > 1000
