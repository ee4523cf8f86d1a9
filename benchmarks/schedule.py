"""Next instants a second, beside cronsim and croniter; the price of reading, of describing, and of the slowest call."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from benchmarks._schedules import (
    BERLIN,
    DAY,
    LORD_HOWE,
    OURS,
    START,
    TOOLS,
    TYPICAL,
    WORST,
    Case,
    Tool,
    able_to_answer,
    able_to_walk,
    clock_changes,
)
from benchmarks.record import machine_probe, print_table, write_rows
from tasks_app.recurrence import build

ROUNDS = 5
REPEATS = 200
QUESTIONS = 400
CALLS = 1000
HOUR = timedelta(hours=1)
ALL = (*TYPICAL, *WORST)
# Gaps swallow some dates of these, or repeat them.
ODD = (Case("* * * * *", LORD_HOWE), Case("*/30 0 * * *", "America/Santiago"), Case("0-59 0-23 * * *", "Pacific/Apia"))
SHOWN = ("what", "schedule", "zone", "carillon", "range", "cronsim", "to_cronsim", "croniter", "to_croniter")
SHOWN_CALLS = ("call", "schedule", "zone", "calls", "p50_us", "p99_us", "max_us")
Call = Callable[[], object]


class Piece(NamedTuple):
    """Work to be timed: so many operations of one library."""

    what: str
    case: Case
    tool: Tool
    operations: int
    work: Call


def main(quick: bool) -> None:
    """Measure all pieces in rounds, the libraries in turn; print the medians and keep the rows."""
    rounds, less = (1, 10) if quick else (ROUNDS, 1)
    pieces = [*_walks(less), *_questions(less), *_readings(less), *_descriptions(less)]
    rows = [_timed(piece, number) for number in range(rounds) for piece in pieces]
    calls = list(_single_calls(CALLS // less))
    write_rows("schedule-quick" if quick else "schedule", rows + calls, {"rounds": rounds, "start": START.isoformat()})
    print_table("Operations per second of CPU, medians; to_… tells how many times as fast", list(_medians(rows)), SHOWN)
    print_table("Single calls in microseconds of CPU, each the best of three", calls, SHOWN_CALLS)


def _timed(piece: Piece, number: int) -> dict[str, Any]:
    probe = machine_probe()
    begun = time.process_time()
    piece.work()
    spent = time.process_time() - begun
    return {
        "round": number,
        "what": piece.what,
        "schedule": piece.case.text,
        "zone": piece.case.zone,
        "tool": piece.tool.name,
        "operations": piece.operations,
        "cpu_seconds": round(spent, 6),
        "per_second": round(piece.operations / spent),
        "probe": probe,
    }


def _walks(less: int) -> Iterator[Piece]:
    for what, back in (("next", False), ("previous", True)):
        for case in ALL:
            count = case.instants // less
            for tool in able_to_walk(case, back):
                yield Piece(what, case, tool, count, partial(_walk, tool, case, back, count))


def _walk(tool: Tool, case: Case, back: bool, count: int) -> None:
    for _ in islice(tool.walk(case, back), count):
        pass


def _questions(less: int) -> Iterator[Piece]:
    """Ask as a scheduler does: for the next instant after any one, with nothing kept but the expression."""
    spread = [START + number * 22 * HOUR for number in range(QUESTIONS // less)]
    for case in (*TYPICAL[:5], WORST[0]):
        yield from _asked("question", case, spread)
    for zone in (BERLIN, LORD_HOWE):
        near = [change + hours * HOUR for change in clock_changes(zone) for hours in range(0, 24, 5)][::less]
        for text in ("30 2 * * *", "*/15 * * * *"):
            yield from _asked("question near a change", Case(text, zone), near)


def _asked(what: str, case: Case, instants: list[datetime]) -> Iterator[Piece]:
    for tool in able_to_answer(case, instants):
        yield Piece(what, case, tool, len(instants), partial(_ask, tool, case, instants))


def _ask(tool: Tool, case: Case, instants: list[datetime]) -> None:
    for instant in instants:
        tool.ask(case, instant)


def _readings(less: int) -> Iterator[Piece]:
    for case in ALL:
        for tool in able_to_walk(case):
            yield Piece("read, cold", case, tool, REPEATS // less, partial(_repeat, partial(tool.read, case), less))


def _descriptions(less: int) -> Iterator[Piece]:
    for case in ALL:
        for tool in able_to_walk(case):
            if tool.describe:
                yield Piece("describe", case, tool, REPEATS // less, partial(_repeat, tool.describe(case), less))


def _repeat(call: Call, less: int) -> None:
    for _ in range(REPEATS // less):
        call()


def _medians(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Put the libraries side by side; ratios are taken within a round."""
    for what, schedule, zone in dict.fromkeys((row["what"], row["schedule"], row["zone"]) for row in rows):
        line: dict[str, Any] = {"what": what, "schedule": schedule, "zone": zone}
        same = [row for row in rows if (row["what"], row["schedule"], row["zone"]) == (what, schedule, zone)]
        ours = [row["per_second"] for row in same if row["tool"] == OURS.name]
        line["range"] = f"{min(ours):,}–{max(ours):,}"
        for tool in TOOLS:
            rates = [row["per_second"] for row in same if row["tool"] == tool.name]
            if rates:
                line[tool.name] = round(statistics.median(rates))
                line[f"to_{tool.name}"] = statistics.median(a / b for a, b in zip(ours, rates, strict=True))
        yield line


def _single_calls(count: int) -> Iterator[dict[str, Any]]:
    """Look for the slowest call: at any instant, and all around clock changes."""
    chance = random.Random(1)
    for case in (*ALL, *ODD):
        changes = clock_changes(case.zone) or [START]
        instants = [chance.choice(changes) + chance.uniform(-1, 2) * DAY for _ in range(count // 2)]
        instants += [START + chance.uniform(-9000, 4000) * DAY for _ in range(count // 2)]
        recurrence = build(case.wanted, case.zone)
        yield _spread("next_after", case, [partial(recurrence.next_after, instant) for instant in instants])
        yield _spread("previous_before", case, [partial(recurrence.previous_before, instant) for instant in instants])
        yield _spread("describe", case, [recurrence.describe] * (count // 4))
        yield _spread("parse, cold", case, [partial(OURS.read, case)] * (count // 4))


def _spread(name: str, case: Case, calls: list[Call]) -> dict[str, Any]:
    probe = machine_probe()
    spent = sorted(min(_microseconds(call) for _ in range(3)) for call in calls)
    return {
        "call": name,
        "schedule": case.text,
        "zone": case.zone,
        "calls": len(spent),
        "p50_us": round(spent[len(spent) // 2], 1),
        "p99_us": round(spent[len(spent) * 99 // 100], 1),
        "max_us": round(spent[-1], 1),
        "probe": probe,
    }


def _microseconds(call: Call) -> float:
    begun = time.thread_time_ns()
    call()
    return (time.thread_time_ns() - begun) / 1000
