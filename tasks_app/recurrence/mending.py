"""Puts the suggestion that a problem carries into the expression that it was found in."""

from tasks_app.recurrence.cron import is_valid, whole
from tasks_app.recurrence.errors import Problem
from tasks_app.recurrence.pieces import Suggestion


def mended(text: str, problem: Problem) -> Suggestion:
    """Give the expression without this problem and without the others, or the schedule that says what it means.

    A suggestion is whole already, or else it is for one item of a list.
    """
    suggestion = problem.suggestion
    if not isinstance(suggestion, str) or problem.position is None or is_valid(suggestion):
        return suggestion
    return whole(text)
