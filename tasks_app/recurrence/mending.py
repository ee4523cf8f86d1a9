"""Puts the suggestion that a problem carries into the expression that it was found in."""

import re

from tasks_app.recurrence.cron import compile_cron, is_valid
from tasks_app.recurrence.errors import Problem, ScheduleError

MOST_STEPS = 4
_ITEM = re.compile(r"[^\s,]*")
_WORD = re.compile(r"[A-Za-z]+")


def mended(text: str, problem: Problem) -> str | None:
    """Give the expression without this problem; None where the suggestion does not say how.

    A suggestion stands for one item of a list, or for one name in it; what is wrong elsewhere stays.
    """
    for _ in range(MOST_STEPS):
        if not isinstance(problem.suggestion, str) or problem.position is None:
            return None
        if is_valid(problem.suggestion):
            return problem.suggestion
        better = _replaced(text, problem.position, problem.suggestion)
        if better is None:
            return None
        text = better
        again = _problem_at(text, problem.position)
        if again is None:
            return text
        problem = again
    return None


def _replaced(text: str, position: int, piece: str) -> str | None:
    match = _ITEM.match(text, position)
    item = match[0] if match else ""
    if "," in piece and "/" in item:
        return None  # the step of a range that runs backwards has no place in its two halves
    longer = [word for word in _WORD.findall(item) if word.upper().startswith(piece) and len(word) > len(piece)]
    if piece.isalpha() and not longer:
        return None
    better = item.replace(longer[0], piece, 1) if longer else piece
    return f"{text[:position]}{better}{text[position + len(item) :]}"


def _problem_at(text: str, position: int) -> Problem | None:
    try:
        compile_cron(text)
    except ScheduleError as error:
        found = [problem for problems in error.problems.values() for problem in problems]
        # What has no place is wrong with the expression as a whole: then the piece was no help.
        return next((one for one in found if one.position in (position, None)), None)
    return None
