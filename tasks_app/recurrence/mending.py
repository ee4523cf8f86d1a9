"""Puts the suggestion that a problem carries into the expression that it was found in."""

import re

from tasks_app.recurrence.cron import compile_cron, is_valid
from tasks_app.recurrence.errors import Problem, ScheduleError

MOST_STEPS = 4
_LAST_DAY = "L"
_SHORT = 3
"""Letters of a name."""
_ITEM = re.compile(r"[^\s,]*")
_WORD = re.compile(r"[A-Za-z]+")


def mended(text: str, problem: Problem) -> str | None:
    """Give the expression without this problem, and without the others where that makes it whole.

    None where the suggestion does not say how. It stands for one item of a list, or for one name in it.
    """
    better = _without(text, problem)
    whole = better
    for _ in range(MOST_STEPS):
        if whole is None or is_valid(whole):
            break
        other = next((one for one in _problems(whole) if one.suggestion is not None), None)
        whole = _without(whole, other) if other else None
    return whole or better


def _without(text: str, problem: Problem) -> str | None:
    for _ in range(MOST_STEPS):
        if not isinstance(problem.suggestion, str) or problem.position is None:
            return None
        if is_valid(problem.suggestion):
            return problem.suggestion
        better = _replaced(text, problem.position, problem.suggestion)
        if better is None:
            return None
        text = better
        # What has no place is wrong with the expression as a whole: then the piece was no help.
        again = next((one for one in _problems(text) if one.position in (problem.position, None)), None)
        if again is None:
            return text
        problem = again
    return None


def _replaced(text: str, position: int, piece: str) -> str | None:
    match = _ITEM.match(text, position)
    item = match[0] if match else ""
    if not piece and not item:
        # A spare comma: the one behind the place, or the one before it at the end of a list.
        start = position if text[position : position + 1] == "," else position - 1
        return text[:start] + text[start + 1 :]
    if "," in piece and "/" in item:
        return None  # the step of a range that runs backwards has no place in its two halves
    longer = [word for word in _WORD.findall(item) if word.upper().startswith(piece) and len(word) > len(piece)]
    # What hangs on a name goes with it: FRI#6 is FRIL, MON/0 is MON.
    hangs_on = item[_SHORT : _SHORT + 1] in ("#", "/") and item[:_SHORT].upper() in piece
    if piece.isalpha() and piece != _LAST_DAY and not longer and not hangs_on:
        return None
    better = item.replace(longer[0], piece, 1) if longer else piece
    return f"{text[:position]}{better}{text[position + len(item) :]}"


def _problems(text: str) -> list[Problem]:
    try:
        compile_cron(text)
    except ScheduleError as error:
        return [problem for problems in error.problems.values() for problem in problems]
    return []
