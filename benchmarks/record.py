"""Keeps what was measured: raw rows, the settings in force, and what the machine could do at that moment."""

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_PROBE_ROUNDS = 2_000_000


def machine_probe() -> dict[str, Any]:
    """Measure the machine now: a fixed piece of pure Python work, and how busy it was before.

    Put one beside each figure: figures whose probes differ cannot be compared.
    """
    load = os.getloadavg()[0]
    started = time.perf_counter()
    total = 0
    for number in range(_PROBE_ROUNDS):
        total += number & 7
    return {"loop_ms": round((time.perf_counter() - started) * 1000, 1), "load_before": round(load, 2)}


def machine() -> dict[str, Any]:
    """Say what machine this is."""
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def write_rows(name: str, rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> Path:
    """Write one benchmark's rows, each of one run, to results/<name>.json; the last run stands there."""
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{name}.json"
    document = {
        "benchmark": name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": dict(settings),
        "rows": [dict(row) for row in rows],
    }
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return target


def print_table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print chosen columns for people, numbers to the right."""
    lines = [list(columns), *([_shown(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numeric = [all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns]
    print(f"\n{title}")
    for line in lines:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        print("  " + "  ".join(cells).rstrip())


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
