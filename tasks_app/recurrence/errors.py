"""What is wrong with a schedule, said so that a person can put it right."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

LONGEST_SHOWN = 32


class Problem(NamedTuple):
    """One thing wrong with one field.

    `position` counts characters into the field's text; `suggestion` is ready to be put in its place. `also` are further
    suggestions, where the same text may mean several things. `timezone` is the zone that the text named beside them.
    """

    code: str
    message: str
    position: int | None = None
    suggestion: str | Mapping[str, object] | None = None
    also: tuple[str, ...] = ()
    timezone: str = ""


class ScheduleError(ValueError):
    """A schedule, an expression or a time zone that is refused.

    `errors` maps a path inside the schedule ("time", "of.0.expression") to pairs of code and message; `problems` has
    the same with positions and suggestions.
    """

    def __init__(self, problems: Mapping[str, Sequence[Problem]]) -> None:
        self.problems: dict[str, list[Problem]] = {path: list(found) for path, found in problems.items()}
        super().__init__("; ".join(problem.message for found in self.problems.values() for problem in found))

    @property
    def errors(self) -> dict[str, list[tuple[str, str]]]:
        """Give path -> [(code, message), ...]."""
        return {path: [(problem.code, problem.message) for problem in found] for path, found in self.problems.items()}

    @classmethod
    def at(
        cls,
        path: str,
        code: str,
        message: str,
        *,
        position: int | None = None,
        suggestion: str | Mapping[str, object] | None = None,
    ) -> "ScheduleError":
        """Build the error for one field."""
        return cls({path: [Problem(code, message, position, suggestion)]})

    def moved(self, by: int) -> "ScheduleError":
        """Give the same with its positions so many characters further on."""
        return ScheduleError(
            {
                path: [one if one.position is None else one._replace(position=one.position + by) for one in found]
                for path, found in self.problems.items()
            }
        )


def quoted(text: object) -> str:
    """Show a refused value: short, and with nothing in it that could break a line or a page's layout."""
    whole = str(text)
    shown = "".join(character if character.isprintable() else "?" for character in whole[:LONGEST_SHOWN])
    return f'"{shown}"' if len(whole) <= LONGEST_SHOWN else f'"{shown}..."'
