"""Numbers and instants in the words of the pages.

`time.js` ticks the relative times in the browser and must say the same as `relative`; a test compares the two.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from tasks_app import recurrence
from tasks_app.handlers import registry
from tasks_app.recurrence.zones import load_zone
from tasks_app.selectors.effects import COUNTED, Known
from tasks_app.selectors.search_tasks import LATE
from tasks_app.selectors.spans import DAY, HOUR, MINUTE, whole_seconds

WEEK_DAYS = 7
_WHOLE_FROM = 10
KNOWN = {
    Known.SAID: "It is known now what happened; a retry goes on from there.",
    Known.AGAIN: "A retry does it again under the same id, which the receiver knows.",
    Known.GONE: "Nothing is on record of what it did: look whether it happened before you retry.",
}
"""What is said of a run that a lost effect ended, once nobody has to say any more whether it happened."""
_UNITS = (
    (730 * DAY, 365.25 * DAY, "years"),
    (90 * DAY, 30 * DAY, "months"),
    (2 * DAY, DAY, "days"),
    (90 * MINUTE, HOUR, "h"),
    (90, MINUTE, "min"),
)


def duration(seconds: float | None) -> str:
    """Say how long something took: two units at most, tenths only below ten seconds."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < _WHOLE_FROM:
        return f"{seconds:.1f} s"
    return whole_seconds(seconds)


def relative(instant: datetime, now: datetime) -> str:
    """Say when, seen from now: "in 14 h", "3 min ago"."""
    seconds = (instant - now).total_seconds()
    amount = abs(seconds)
    if amount < 1:
        return "now"
    words = _amount(amount)
    return f"in {words}" if seconds > 0 else f"{words} ago"


def due(instant: datetime, now: datetime) -> str:
    """Say when something shall begin: "in 14 h", and of what should have begun that it is overdue."""
    seconds = (instant - now).total_seconds()
    if seconds >= 1:
        return relative(instant, now)
    return "due now" if seconds > -LATE.total_seconds() else f"overdue for {_amount(-seconds)}"


def _amount(seconds: float) -> str:
    for threshold, size, name in _UNITS:
        if seconds >= threshold:
            return f"{int(seconds / size + 0.5)} {name}"
    return f"{int(seconds)} s"


def exact(instant: datetime, zone: str = "") -> str:
    """Say the instant in full, in the reader's zone: "Tue 24 Nov 2026, 09:00:00 CET"; in another too, if it differs."""
    local = timezone.localtime(instant)
    theirs = in_zone(instant, zone) if zone else local
    return _full(local) if local.utcoffset() == theirs.utcoffset() else f"{_full(local)} · {_full(theirs)}, {zone}"


def _full(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"


def in_zone(instant: datetime, name: str) -> datetime:
    """Show an instant in a zone that may have gone since it was stored."""
    try:
        return instant.astimezone(load_zone(recurrence.check_timezone(name)))
    except ValueError:
        return instant


def clock(instant: datetime, now: datetime) -> str:
    """Say the instant as briefly as the day allows: "09:00", "tomorrow 09:00", "Tue 09:00", "24 Nov 09:00"."""
    return _with_day(instant, now, "%H:%M:%S" if instant.second else "%H:%M")


def clock_seconds(instant: datetime, now: datetime) -> str:
    """Say the instant like `clock`, but always with seconds, so that a column of them lines up."""
    return _with_day(instant, now, "%H:%M:%S")


def clock_after(instant: datetime, start: datetime, now: datetime) -> str:
    """Say the end of a range that begins at `start`: its day too, unless both are on one day."""
    local = timezone.localtime(instant)
    if local.date() == timezone.localtime(start).date():
        return local.strftime("%H:%M:%S" if local.second else "%H:%M")
    said = clock(instant, now)
    return f"today {said}" if local.date() == timezone.localtime(now).date() else said


def _with_day(instant: datetime, now: datetime, pattern: str) -> str:
    local, today = timezone.localtime(instant), timezone.localtime(now).date()
    time = local.strftime(pattern)
    days = (local.date() - today).days
    named = {-1: "yesterday", 0: "", 1: "tomorrow"}
    if days in named:
        return f"{named[days]} {time}".strip()
    if 1 < days < WEEK_DAYS:
        return f"{local:%a} {time}"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local.day} {local:%b}{year} {time}"


def date(local: datetime) -> str:
    """Say the day: "28 March 2027"."""
    return f"{local.day} {local:%B %Y}"


def day(local: datetime, *, beside: datetime) -> str:
    """Say the day briefly, with the year where it is not that of the day beside it: "Fri 25 Dec"."""
    year = "" if local.year == beside.year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}"


def which_pass(local: datetime) -> str:
    """Say which of two passes of a repeated hour it is, by its offset: " (+01:00)"; nothing elsewhere."""
    comes_once = local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset()
    return "" if comes_once else f" ({local.isoformat()[-6:]})"


def pace(per_day: float) -> str:
    """Say how often something runs, in the unit that makes a whole number: "96 runs a day", "1 run a week"."""
    counts = [(per_day * days, unit) for unit, days in _PACES]
    for count, unit in counts:
        if count >= 1 - _EXACT and abs(count - round(count)) < _EXACT:
            return f"{plural(round(count), 'run')} a {unit}"
        if count >= _WHOLE_FROM:
            return f"about {plural(round(count), 'run')} a {unit}"
    rough = next(((count, unit) for count, unit in counts if count >= 1), None)
    if rough:
        return f"about {plural(round(rough[0]), 'run')} a {rough[1]}"
    return f"about 1 run in {plural(round(1 / counts[-1][0]), 'year')}"


_PACES = (("day", 1.0), ("week", 7.0), ("month", 365.2425 / 12), ("year", 365.2425))
_EXACT = 0.005


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Give the seconds from start to end, or None while one of them is open."""
    if start is None or end is None:
        return None
    return max((end - start) / timedelta(seconds=1), 0.0)


def plural(count: int, one: str, many: str = "") -> str:
    """Give "1 run", "2 runs"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def singular(words: str) -> str:
    """Give one of what a list is called: "Rule" of "Rules"; what does not end like a plural stays."""
    end = next((end for end in _ONES if words.lower().endswith(end)), None)
    return words if end is None else words[: -len(end)] + _ONES[end]


# What is no plural, and then the plurals, the longer endings first.
_ONES = {"ss": "ss", "us": "us", "is": "is", "ies": "y", "sses": "ss", "xes": "x", "tuses": "tus", "s": ""}


def capped(count: int) -> str:
    """Say a number that was counted to COUNTED at most."""
    return f"more than {COUNTED - 1:,}" if count >= COUNTED else f"{count:,}"


def briefly(count: int) -> str:
    """Say the same where there is little room."""
    return f"{COUNTED - 1:,}+" if count >= COUNTED else f"{count:,}"


REASONS = {
    "delayed": "starts later, as asked",
    "retry": "waits for its next attempt",
    "due": "",
    "handed_back": "handed back by a worker that stopped",
    "rescued": "taken from a lost worker",
    "handler_error": "the handler failed",
    "timeout": "took longer than allowed",
    "worker_lost": "its worker died",
    "invalid_payload": "the payload no longer fits the type",
    "unknown_type": "no code for this type",
    "effect_unknown": "a side effect may or may not have happened",
    "overlap": "an earlier run had not ended",
    "missed": "missed",
    "paused": "the task was paused",
    "limit": "the limit was reached",
    "duplicate": "another run had the same instant",
    "condition": "nothing to do",
    "user": "by a person",
    "replaced": "replaced by a newer run",
    "parent": "its parent ended otherwise",
    "shutdown": "the platform stopped",
}

TRIGGERS = {
    "schedule": "on schedule",
    "manual": "run now",
    "api": "through the API",
    "retry": "retry of an earlier run",
    "backfill": "backfill",
    "continuation": "after another run",
    "batch": "part of a batch",
    "workflow": "step of a workflow",
    "event": "by an event",
}


def type_title(name: str) -> str:
    """The type in words; its name when its code has gone."""
    try:
        return registry.get(name).title
    except KeyError:
        return name


def actor(name: str) -> str:
    """Say who acted.

    Stored as "user:alice", "key:alice/ci", "beat:host:pid", "worker:name", "upkeep:name", "code"; what an edit made due
    as "edit:" before whose edit it was.
    """
    kind, _, rest = name.partition(":")
    if kind == "edit":
        return f"an edit by {actor(rest)}"
    said = {
        "user": rest,
        "key": f"API key {rest}",
        "beat": "the scheduler",
        "worker": f"worker {rest}",
        "upkeep": "upkeep",
        "code": "code",
    }
    return said.get(kind, name)


def error_named(name: str) -> str:
    """Name the class of an error; ours, which say something only to who writes handlers, in words."""
    return {"Permanent": "a permanent error", "RetryLater": "an error that asked for another attempt"}.get(name, name)
