"""Reads the environment, which is the only source of settings.

Every read declares its variable, so that `python -m scheduler_project.settings_docs` can list them all. A fault stops
the start with one line that names the variable: `SettingFault` is a SystemExit, so no traceback follows it.
"""

import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})

# Of a URL that cannot be read: the readers' own words repeat what they took for the port, which may be half a password.
UNREADABLE = "cannot be read; in a password write / as %2F, # as %23, ? as %3F, @ as %40 and : as %3A"


class SettingFault(SystemExit):
    """A setting is missing or malformed: one line on stderr, exit code 2."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(2)
        self.line = f"{name}: {fault}"
        print(self.line, file=sys.stderr)


@dataclass(frozen=True)
class Declared:
    """What the documentation says about one variable; `value` is empty where the default is not one value."""

    name: str
    kind: str
    default: str
    value: str
    help: str
    section: str


class Env:
    """Typed reads of one environment; `NAME_FILE` names a file that holds the value of `NAME`."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self._source = os.environ if source is None else source
        self._section = ""
        self.declared: list[Declared] = []

    def section(self, title: str) -> None:
        """Put the variables declared from here on under a heading."""
        self._section = title

    def text(
        self, name: str, default: str, *, help: str, shown: str | None = None, choices: Sequence[str] | None = None
    ) -> str:
        """Read a text; `shown` replaces the default in the documentation where it depends on something."""
        kind = "text" if choices is None else " \\| ".join(choices)
        value = self._read(name, kind, default, shown, help)
        if value is None:
            return default
        if choices is not None and value not in choices:
            raise SettingFault(name, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def number(  # noqa: PLR0913  # all but the name are keywords
        self, name: str, default: int, *, low: int, high: int, help: str, shown: str | None = None
    ) -> int:
        """Read a whole number within its range."""
        value = self._read(name, f"{low} to {high}", str(default), shown, help)
        if value is None:
            return default
        number = int(value) if value.isascii() and value.removeprefix("-").isdigit() else math.nan
        if not low <= number <= high:
            raise SettingFault(name, f"must be a whole number from {low} to {high}, not {value!r}")
        return int(number)

    def switch(self, name: str, default: bool, *, help: str) -> bool:
        """Read a switch: 1/0, true/false, yes/no, on/off."""
        value = self._read(name, "0 \\| 1", "1" if default else "0", None, help)
        if value is None:
            return default
        if value.lower() not in TRUE | FALSE:
            raise SettingFault(name, f"must be 1 or 0, not {value!r}")
        return value.lower() in TRUE

    def members(self, name: str, default: Sequence[str], *, help: str, shown: str | None = None) -> list[str]:
        """Read a list with commas between its members."""
        value = self._read(name, "list", ",".join(default), shown, help)
        if value is None:
            return [*default]
        return [member.strip() for member in value.split(",") if member.strip()]

    def has(self, name: str) -> bool:
        """Tell whether the variable, or the file that holds it, is given; an empty one counts as absent."""
        return bool(self._source.get(name) or self._source.get(f"{name}_FILE"))

    def _read(self, name: str, kind: str, default: str, shown: str | None, help: str) -> str | None:
        """Declare the variable and give its text; None when it is absent or empty."""
        fixed = default if shown is None else ""
        self.declared.append(Declared(name, kind, shown or default or "none", fixed, help, self._section))
        value, path = self._source.get(name), self._source.get(f"{name}_FILE")
        if value and path:
            raise SettingFault(name, f"give either {name} or {name}_FILE, not both")
        if path:
            value = _content(name, Path(path))
        return value.strip() or None if value is not None else None


def _content(name: str, path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "is not text"
        raise SettingFault(f"{name}_FILE", f"cannot be read: {path}: {reason}") from None
    if not value:
        raise SettingFault(f"{name}_FILE", f"is empty: {path}")
    return value
