"""Years in a cron expression, which others have as a last field: here the task's start and end say them."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NoReturn

from tasks_app.recurrence.errors import ScheduleError
from tasks_app.recurrence.pieces import EXAMPLE

PATH = "expression"
_YEARS = re.compile(r"\d{4}(?:[-,]\d{4})*(?:/\d{1,3})?")
_DATED = re.compile(r"(\d\d?) (\d\d?) (\d\d?) (\d\d?) \*")


def is_years(field: str) -> bool:
    """Tell whether a field is a year, a range or a list of years."""
    return _YEARS.fullmatch(field) is not None


def refuse_years(fields: Sequence[str], rest: str | None, position: int, dropped: str = "") -> NoReturn:
    """Raise for years; `rest` is the expression without them, which is offered with the window that says them.

    What is taken without its window runs in every year, and the message says so.
    """
    years = fields[-1]
    single = rest and not dropped and years.isdecimal() and _single(rest, int(years))
    better: str | Mapping[str, object] = rest or EXAMPLE
    if single:
        better, message = single, f"with its year this runs once; write it as a single run at {single['run_at']}"
    elif re.fullmatch(r"\d{4}(-\d{4})?", years) and years[:4] <= years[-4:]:
        first, last = int(years[:4]), int(years[-4:])
        window = f"its start at {first}-01-01 and its end at {last + 1}-01-01"
        message = f"years do not belong in the expression; write {better} and set {window}, else it runs every year"
    else:
        message = (
            f"years do not belong in the expression; write {better}, which runs every year and not only in {years}"
        )
    if dropped:
        message = f"{message}; seconds are dropped, here the {dropped}"
    raise ScheduleError.at(PATH, "cron_field_count", message, position=position, suggestion=better)


def _single(expression: str, year: int) -> dict[str, object] | None:
    """Give the single run of a date with its time and its year."""
    match = _DATED.fullmatch(expression)
    if not match:
        return None
    minute, hour, day, month = map(int, match.groups())
    try:
        at = date(year, month, day)
    except ValueError:
        return None
    return {"kind": "once", "run_at": f"{at.isoformat()}T{hour:02}:{minute:02}"}
