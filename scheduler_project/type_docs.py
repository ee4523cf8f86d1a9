"""Writes the payload tables of docs/types from the payload models: `python -m scheduler_project.type_docs`.

Everything between the two marks of a page is the code's; the rest is written by hand. A page without marks gets them in
place of the first table under `## Payload`.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

import django

from scheduler_project.payload_tables import tables

BASE_DIR = Path(__file__).resolve().parent.parent
DIRECTORY = BASE_DIR / "docs" / "types"
BEGIN, END = "<!-- payload:begin -->", "<!-- payload:end -->"
_MARKED = re.compile(rf"{BEGIN}.*?{END}", re.DOTALL)
_BY_HAND = re.compile(r"(?<=\n)(?<=## Payload\n\n)\|.*?\n(?=\n)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Write the tables; with `--check` say which pages are missing or out of date instead."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")
    django.setup()
    is_check, faults = "--check" in arguments, []
    for name, schema in _schemas().items():
        path = DIRECTORY / f"{name}.md"
        shown = path.relative_to(BASE_DIR)
        if not path.exists():
            faults.append(f"{shown} is missing: every type that people may use has a page")
            continue
        text = path.read_text(encoding="utf-8")
        fresh = with_tables(text, tables(schema), insert=not is_check)
        if fresh is None:
            faults.append(f"{shown} has no {BEGIN} … {END}: run `make docs`")
        elif fresh != text and is_check:
            faults.append(f"{shown} is out of date: run `make docs`")
        elif fresh != text:
            path.write_text(fresh, encoding="utf-8")
    print("\n".join(faults), end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


def with_tables(text: str, made: str, *, insert: bool) -> str | None:
    """Give the page with its marked part renewed; None when there is none and none can be put in."""
    part = f"{BEGIN}\n\n{made}\n\n{END}"
    if _MARKED.search(text):
        return _MARKED.sub(lambda _: part, text, count=1)
    if insert and _BY_HAND.search(text):
        return _BY_HAND.sub(lambda _: f"{part}\n", text, count=1)
    return None


def _schemas() -> dict[str, dict[str, Any]]:
    """The payload schemas of the built-in types that people may use."""
    from tasks_app.handlers import registry  # noqa: PLC0415  # the apps must be loaded first
    from tasks_app.handlers.schema import payload_schema  # noqa: PLC0415

    own = [spec for spec in registry.all() if not spec.internal and spec.function.__module__.startswith("tasks_app.")]
    return {spec.name: payload_schema(spec) for spec in own}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
