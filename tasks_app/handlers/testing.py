"""A kit for the tests of handlers: a run context in memory, and the rules that every handler should keep.

def test_makes_a_thumbnail():
    ctx = RecordingContext()
    assert call_handler("images.thumbnail", {"image_id": 7}, ctx) == {"width": 320}
    assert ctx.messages == ["made 320 x 200"]
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from tasks_app.errors import EffectUnknown, Invalid, RunStopped
from tasks_app.handlers import registry
from tasks_app.handlers.context import LogLevel

RESULT_BYTES = 65_536


@dataclass
class RecordedEffect:
    """A side effect as the engine would remember it; a handle while its block runs."""

    id: str
    state: str = "new"
    result: Any = None
    begun_count: int = 0

    @property
    def done(self) -> bool:
        return self.state == "done"

    def confirm(self, result: Any = None) -> None:
        self.state, self.result = "done", result

    def not_done(self) -> None:
        self.state = "not_done"


@dataclass
class RecordingContext:
    """A `RunContext` that remembers what the handler said and did; `stop_after` n questions it is asked to stop."""

    run_id: str = field(default_factory=lambda: str(uuid4()))
    root_run_id: str = ""
    task_id: str | None = None
    owner_id: int | None = None
    attempt: int = 1
    scheduled_for: datetime | None = None
    stop_after: int | None = None
    logs: list[tuple[str, str]] = field(default_factory=list)
    reports: list[tuple[float, float | None, str]] = field(default_factory=list)
    effects: dict[str, RecordedEffect] = field(default_factory=dict)
    stop_questions: int = 0

    def __post_init__(self) -> None:
        self.root_run_id = self.root_run_id or self.run_id

    @property
    def messages(self) -> list[str]:
        """The log lines without their levels."""
        return [message for _, message in self.logs]

    def again(self) -> "RecordingContext":
        """Give the context of the next attempt: the same run, with what is known of its effects."""
        return RecordingContext(
            run_id=self.run_id,
            root_run_id=self.root_run_id,
            task_id=self.task_id,
            owner_id=self.owner_id,
            attempt=self.attempt + 1,
            scheduled_for=self.scheduled_for,
            effects=self.effects,
        )

    def log(self, message: str, level: LogLevel = "info") -> None:
        self.logs.append((level, message))

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        self.reports.append((done, total, message))

    def should_stop(self) -> bool:
        self.stop_questions += 1
        return self.stop_after is not None and self.stop_questions > self.stop_after

    def check_stop(self) -> None:
        if self.should_stop():
            raise RunStopped("asked to stop")

    @contextmanager
    def effect(self, key: str, *, idempotent: bool = False) -> Iterator[RecordedEffect]:
        effect = self.effects.setdefault(key, RecordedEffect(id=f"{self.root_run_id}:{key}"))
        if effect.done:
            yield effect
            return
        if effect.state == "intent" and not idempotent:
            raise EffectUnknown(f"nobody knows whether {key!r} happened")
        effect.state = "intent"
        effect.begun_count += 1
        yield effect
        if effect.state == "intent":
            effect.confirm()

    def effect_batch(self, keys: Sequence[str], *, reserve: Callable[[int], int] | None = None) -> list[RecordedEffect]:
        found = [self.effects.setdefault(key, RecordedEffect(id=f"{self.root_run_id}:{key}")) for key in keys]
        fresh = [effect for effect in found if effect.state in ("new", "not_done")]
        room = reserve(len(fresh)) if reserve and fresh else len(fresh)
        begun = found if room >= len(fresh) else found[: found.index(fresh[room])]
        for effect in begun:
            if not effect.done:
                effect.state = "intent"
                effect.begun_count += 1
        return begun


Observe = Callable[[RecordingContext], object]


def call_handler(name: str, payload: object, ctx: RecordingContext) -> Any:
    """Run a handler as the engine would: its payload validated, its result as plain JSON."""
    model, _ = registry.validate(name, payload)
    result = registry.get(name).function(ctx, model)
    return json.loads(json.dumps(result, allow_nan=False))


def check_payload_round_trip(name: str, payload: object) -> None:
    """What is stored of a payload must mean the same when it is read again."""
    model, stored = registry.validate(name, payload)
    again, kept = registry.validate(name, json.loads(json.dumps(stored)))
    assert again == model, f"{name}: the stored payload reads differently"
    assert kept == stored, f"{name}: the stored payload changes when it is stored again"


def check_refusal(name: str, payload: object) -> None:
    """A wrong payload is refused with a code and a sentence at each field."""
    fields = _refusal(name, payload).fields
    assert fields, f"{name}: the refusal names no field"
    for path, faults in fields.items():
        assert path.split(".")[0] == "payload", f"{name}: {path} is no path in the payload"
        for fault in faults:
            assert fault.code.isidentifier(), f"{name}: {fault.code!r} is no code"
            assert fault.message[:1].isupper(), f"{name}: {fault.message!r} is no sentence"


def _refusal(name: str, payload: object) -> Invalid:
    try:
        registry.validate(name, payload)
    except Invalid as error:
        return error
    raise AssertionError(f"{name}: {payload!r} was accepted")


def check_progress_ends(ctx: RecordingContext) -> None:
    """Progress never goes beyond its total, never back, and ends complete."""
    last = -math.inf
    for done, total, _ in ctx.reports:
        assert done >= last, f"progress went back from {last} to {done}"
        assert total is None or done <= total, f"progress {done} is beyond its total {total}"
        last = done
    if ctx.reports and ctx.reports[-1][1] is not None:
        assert last == ctx.reports[-1][1], f"progress ended at {last} of {ctx.reports[-1][1]}"


def check_runs(name: str, payload: object, ctx: RecordingContext) -> None:
    """A good payload gives a JSON result of at most 64 KiB, and progress that ends."""
    result = call_handler(name, payload, ctx)
    assert len(json.dumps(result)) <= RESULT_BYTES, f"{name}: the result is too large to keep"
    check_progress_ends(ctx)


def check_runs_twice(name: str, payload: object, ctx: RecordingContext, observe: Observe) -> None:
    """Run a second time, knowing its effects, a handler leaves the world as the first time; `observe(ctx)` looks."""
    call_handler(name, payload, ctx)
    first = observe(ctx)
    call_handler(name, payload, ctx.again())
    assert observe(ctx) == first, f"{name}: the second run changed what the first had done"


def check_stops(name: str, payload: object, ctx: RecordingContext) -> None:
    """Asked to stop, a handler leaves by `RunStopped` at its first question."""
    ctx.stop_after = 0
    _expect_stop(name, payload, ctx)
    assert ctx.stop_questions == 1, f"{name}: went on after it was told to stop"


def check_survives_interruption(
    name: str, payload: object, make_context: Callable[[], RecordingContext], observe: Observe
) -> None:
    """Stopped at any of its questions and run again, a handler has done what one quiet run does."""
    quiet = make_context()
    call_handler(name, payload, quiet)
    for question in range(quiet.stop_questions):
        ctx = make_context()
        ctx.stop_after = question
        _expect_stop(name, payload, ctx)
        call_handler(name, payload, ctx.again())
        assert observe(ctx) == observe(quiet), f"{name}: stopped at question {question + 1}, it did not make up for it"


def _expect_stop(name: str, payload: object, ctx: RecordingContext) -> None:
    try:
        call_handler(name, payload, ctx)
    except RunStopped:
        return
    raise AssertionError(f"{name}: ran to its end although it was asked to stop")
