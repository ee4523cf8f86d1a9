"""Task types that do next to nothing, so that what is measured is the platform."""

import inspect
import time
from typing import Any

from pydantic import BaseModel

from tasks_app.handlers import RunContext, handler

NOOP, EFFECTS, NAP, CLOCK = "bench.noop", "bench.effects", "bench.nap", "bench.clock"


class Nap(BaseModel):
    """How long to sleep."""

    seconds: float = 0.0


def _known(**options: Any) -> dict[str, Any]:
    """Leave out what this version's `handler` does not take."""
    taken = inspect.signature(handler).parameters
    return {name: value for name, value in options.items() if name in taken}


@handler(NOOP)
def noop(ctx: RunContext, payload: BaseModel) -> None:
    """Do nothing."""


@handler(EFFECTS, **_known(effects=True))
def effects(ctx: RunContext, payload: BaseModel) -> None:
    """Do nothing, as a type whose every outcome is written by itself."""


@handler(NAP, payload=Nap)
def nap(ctx: RunContext, payload: Nap) -> None:
    """Sleep, if asked to."""
    if payload.seconds:
        time.sleep(payload.seconds)


@handler(CLOCK)
def clock(ctx: RunContext, payload: BaseModel) -> dict[str, int]:
    """Say when it began."""
    return {"at": time.time_ns()}
