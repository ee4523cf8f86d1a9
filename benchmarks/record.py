"""Keeps what was measured: raw rows, the settings in force, and what the machine could do at that moment."""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
SUMMARY = "summary.json"
_PROBE_ROUNDS = 2_000_000
_BLOCK = b"x" * 8192


def machine_probe() -> dict[str, Any]:
    """Measure the machine now: a fixed piece of pure Python work, one `fdatasync`, and how busy it was before.

    Put one beside each figure: figures whose probes differ cannot be compared.
    """
    load = os.getloadavg()[0]
    started = time.perf_counter()
    total = 0
    for number in range(_PROBE_ROUNDS):
        total += number & 7
    loop_ms = round((time.perf_counter() - started) * 1000, 1)
    return {"loop_ms": loop_ms, "fdatasync_us": _fdatasync_us(), "load_before": round(load, 2)}


def _fdatasync_us() -> int:
    """Time the writing of one database page to the disk under the directory for temporary files."""
    with tempfile.TemporaryFile() as file:
        file.write(_BLOCK)
        file.flush()
        started = time.perf_counter()
        os.fdatasync(file.fileno())
        return round((time.perf_counter() - started) * 1_000_000)


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


def summarise(quick: bool, **figures: Sequence[float]) -> None:
    """Note the medians of these figures in results/summary.json, beside those that other benchmarks have noted.

    A key without a measurement is taken out: an old figure is not a new one.
    """
    target = RESULTS / SUMMARY
    summary = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    details = summary.pop("details", {})
    for name, values in figures.items():
        summary.pop(name, None)
        details.pop(name, None)
        if values:
            summary[name] = round(statistics.median(values), 4)
            details[name] = {
                "min": round(min(values), 4),
                "max": round(max(values), 4),
                "n": len(values),
                "quick": quick,
                "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "probe": machine_probe(),
            }
    document = {**dict(sorted(summary.items())), "details": dict(sorted(details.items()))}
    RESULTS.mkdir(exist_ok=True)
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


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
