"""Counts the work of a call instead of timing it, so that a busy machine gives the same answer as an idle one."""

import gc
import sys
from collections.abc import Callable
from types import FrameType

from tasks_app.recurrence import as_cron, building, cron, days, zones


def steps_of(call: Callable[[], object]) -> int:
    """Count the lines of Python that a call runs, and the calls into C."""
    counted = 0

    def trace(_frame: FrameType, _event: str, _: object) -> object:
        nonlocal counted
        counted += 1
        return trace

    def profile(_frame: FrameType, event: str, _: object) -> None:
        nonlocal counted
        counted += event == "c_call"

    tracing, profiling, collecting = sys.gettrace(), sys.getprofile(), gc.isenabled()
    gc.disable()  # a collection, and what others have hung on it, may fall into any call
    sys.settrace(trace)  # type: ignore[arg-type]  # typeshed wants a type that refers to itself
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.settrace(tracing)
        sys.setprofile(profiling)
        if collecting:
            gc.enable()
    return counted


def forget() -> None:
    """Empty all that is remembered between calls."""
    for remembered in (
        building._build,
        cron._compile,
        cron.whole,
        days.table_of,
        as_cron.wall_offsets,
        zones._steady_offset,
    ):
        remembered.cache_clear()
