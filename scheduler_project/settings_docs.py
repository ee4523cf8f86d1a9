"""Writes .env.example and docs/settings.md from the declared settings: `python -m scheduler_project.settings_docs`."""

import itertools
import sys
from collections.abc import Iterable
from pathlib import Path

from scheduler_project.env import Declared
from scheduler_project.settings import BASE_DIR, env

INTRODUCTION = """# Settings

All settings come from environment variables. `NAME_FILE` may name a file that holds the value of `NAME`, as container
platforms mount secrets. A missing or malformed value stops the start with one line that names the variable.

This page is made by `make docs` from what the code declares.
"""


def env_example(declared: Iterable[Declared]) -> str:
    """Give the text of .env.example: every variable, commented out, with its default where that is a value."""
    lines = ["# Every setting of Carillon, commented out. docs/settings.md says more."]
    for section, members in itertools.groupby(declared, key=lambda one: one.section):
        lines += ["", f"## {section}"]
        for one in members:
            lines += [f"# {one.help}", f"# Default: {one.default}", f"#{one.name}={one.value}"]
    return "\n".join(lines) + "\n"


def settings_page(declared: Iterable[Declared]) -> str:
    """Give the text of docs/settings.md: a table for each section."""
    lines = [INTRODUCTION]
    for section, members in itertools.groupby(declared, key=lambda one: one.section):
        lines += [f"## {section}", "", "| variable | values | default | |", "| --- | --- | --- | --- |"]
        lines += [f"| `{one.name}` | {one.kind} | {one.default} | {one.help} |" for one in members]
        lines.append("")
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Give each file that is made from the settings, with its text."""
    return {
        BASE_DIR / ".env.example": env_example(env.declared),
        BASE_DIR / "docs" / "settings.md": settings_page(env.declared),
    }


def main(arguments: list[str]) -> int:
    """Write the files; with `--check` say which are out of date instead."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(BASE_DIR)} is out of date: run `make docs`", file=sys.stderr)
        else:
            path.write_text(pages()[path], encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
