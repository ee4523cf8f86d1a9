"""Task types that do next to nothing, so that what is measured is the platform."""

import time

from pydantic import BaseModel

from tasks_app.handlers import RunContext, handler

NOOP, EFFECTS, CLOCK = "bench.noop", "bench.effects", "bench.clock"
NAP, NAP_ALONE = "bench.nap", "bench.nap_alone"


class Nap(BaseModel):
    """How long to sleep."""

    seconds: float = 0.0


@handler(NOOP, short=True)
def noop(ctx: RunContext, payload: BaseModel) -> None:
    """Do nothing."""


@handler(EFFECTS, short=True, flush_each=True)
def effects(ctx: RunContext, payload: BaseModel) -> None:
    """Do nothing, as a type whose every outcome is written by itself."""


@handler(NAP, payload=Nap, short=True)
def nap(ctx: RunContext, payload: Nap) -> None:
    """Sleep, if asked to; called short, which is not true of all."""
    if payload.seconds:
        time.sleep(payload.seconds)


@handler(NAP_ALONE, payload=Nap, short=False)
def nap_alone(ctx: RunContext, payload: Nap) -> None:
    """Sleep, if asked to; always one run at a time."""
    nap(ctx, payload)


@handler(CLOCK)
def clock(ctx: RunContext, payload: BaseModel) -> dict[str, int]:
    """Say when it began."""
    return {"at": time.time_ns()}
