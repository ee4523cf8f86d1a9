"""Ours and the peers in turn: ours, A, ours, B, …, so that each figure has a neighbour from the same minutes."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Row = dict[str, Any]


def in_turn(
    ours: Callable[[], Row], others: Sequence[Callable[[], Row]], rounds: int, *, between: int = 1
) -> Iterator[Row]:
    """Measure ours before every `between` others, and beside each other note the ours that was measured nearest."""
    for number in range(rounds):
        for start in range(0, len(others), between):
            mine = ours() | {"round": number}
            yield mine
            for other in others[start : start + between]:
                yield other() | {"round": number, "beside": mine}


def ratios(rows: Sequence[Row], tool: str, figure: str) -> list[float]:
    """Give how many times as much ours had as that tool, pair by pair."""
    found = [(row.get("beside"), row) for row in rows if row["tool"] == tool]
    return [beside[figure] / row[figure] for beside, row in found if beside and beside.get(figure) and row.get(figure)]


def medians(rows: Sequence[Row], figures: Sequence[str], ratio: str) -> Iterator[Row]:
    """Give a line for each tool: medians, the least and the most of the last figure, and ours beside it."""
    for tool in dict.fromkeys(row["tool"] for row in rows):
        same = [row for row in rows if row["tool"] == tool]
        line: Row = {"tool": tool, "n": sum(row.get(ratio) is not None for row in same)}
        for figure in figures:
            values = [row[figure] for row in same if row.get(figure) is not None]
            line[figure] = statistics.median(values) if values else None
        values = [row[ratio] for row in same if row.get(ratio) is not None]
        line["range"] = f"{min(values):,.0f}–{max(values):,.0f}" if values else "–"
        paired = ratios(rows, tool, ratio)
        line["ours"] = statistics.median(paired) if paired else None
        faults = [row["error"] for row in same if row.get("error")]
        line["fault"] = faults[0].splitlines()[-1][:60] if faults else ""
        yield line


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """Give the usual figures of one series."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0, "p50": None, "p99": None, "max": None}
    last = len(ordered) - 1
    return {
        "n": len(ordered),
        "p50": round(ordered[last // 2], 4),
        "p99": round(ordered[min(last, len(ordered) * 99 // 100)], 4),
        "max": round(ordered[last], 4),
    }
