"""Refuses what belongs beside the text: from when and until when a task runs."""

from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal

START, END = "Not before (starts_at)", "Not after (ends_at)"
BOTH = f"{START} and {END}"
_YEAR_DIGITS = 4


def out_of_place(cursor: Cursor, start: int, fields: str) -> Refusal:
    """Name the fields of the task that say it, and suggest the text that stands before."""
    plural = "fields" if " and " in fields else "field"
    message = f"when it starts and ends does not belong in the text, but in the {plural} {fields}"
    return Refusal("text_window", message, start, cursor.text[:start].rstrip(" ,"))


def refuse_year(cursor: Cursor, start: int) -> None:
    """Refuse "in March 2027": that is a time to start and to end."""
    if len(cursor.peek().digits) == _YEAR_DIGITS and cursor.word(1) != ":":
        raise out_of_place(cursor, start, BOTH)
