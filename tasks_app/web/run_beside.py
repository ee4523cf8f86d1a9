"""A run beside those of its task before it: their strip, and how its time compares with what they usually take."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from tasks_app.models import TaskRun
from tasks_app.selectors.last_runs import runs_up_to
from tasks_app.selectors.usual import usual_among
from tasks_app.web import words

_FEWEST = 2
_DIFFERS = 1.5


@dataclass(frozen=True)
class Beside:
    """The finding and the runs, oldest first, this one last."""

    title: str
    runs: list[TaskRun]


def beside(user: User, run: TaskRun) -> Beside | None:
    """Compare a run that has ended; None where there is nothing to see it beside."""
    found = runs_up_to(user, run) if run.is_final else []
    if len(found) < _FEWEST:
        return None
    return Beside(_title(run.duration_ms, usual_among(found[:-1])), found)


def _title(took_ms: int | None, usual: float | None) -> str:
    if took_ms is None or usual is None:
        return "Beside the runs before it"
    took = took_ms / 1000
    finding = "Longer than usual" if took > usual * _DIFFERS else "As long as usual"
    if took < usual / _DIFFERS:
        finding = "Shorter than usual"
    return f"{finding}: {words.duration(took)}, mostly {words.duration(usual)} before"
