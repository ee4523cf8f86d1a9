"""From what the rules of schedules find wrong to the faults that the API and the forms show."""

from collections.abc import Mapping
from typing import Any

from tasks_app.errors import FieldError
from tasks_app.recurrence import Problem, ScheduleError
from tasks_app.recurrence.mending import mended


def fault_of(problem: Problem, given: object = None) -> FieldError:
    """Give a problem as a fault of the field that holds `given`; its suggestion is a value for the whole field."""
    suggestion: object = problem.suggestion
    # Within cron lines a suggestion stands for the piece at the position.
    if problem.code.startswith("cron_") and problem.position is not None and isinstance(given, str):
        suggestion = mended(given, problem)
    return FieldError(
        problem.code, sentence(problem.message), problem.position, suggestion, problem.also, problem.timezone
    )


def faults_of(error: ScheduleError, given: object) -> dict[str, list[FieldError]]:
    """Give the faults of a refused schedule by their paths inside of it; `given` is what was refused."""
    return {
        path: [fault_of(problem, _inside(given, path)) for problem in problems]
        for path, problems in error.problems.items()
    }


def sentence(text: str) -> str:
    """Make a whole sentence of it: a capital first, unless it begins with a value or a name, and a full stop."""
    first = text.partition(" ")[0]
    start = text[:1].upper() if first.rstrip(",;:").isalpha() else text[:1]
    end = "" if text.endswith((".", "?")) else "."
    return f"{start}{text[1:]}{end}"


def _inside(given: Any, path: str) -> object:
    for step in path.split(".") if path else ():
        if isinstance(given, Mapping):
            given = given.get(step)
        elif isinstance(given, list | tuple) and step.isdecimal() and int(step) < len(given):
            given = given[int(step)]
        else:
            return given  # the field itself, where a problem's path names what it holds
    return given
