"""Reads a text into a schedule object of another kind, or says at which word it stopped."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.cron import compile_cron, is_valid
from tasks_app.recurrence.errors import Problem, ScheduleError
from tasks_app.recurrence.moments import Unreadable, read_instant, to_text
from tasks_app.recurrence.text.assembling import schedules_of
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.grammar import read_pieces
from tasks_app.recurrence.text.phrases import check_phrases, check_spoken_time
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.relative import check_relative
from tasks_app.recurrence.text.rules import sorted_rules
from tasks_app.recurrence.text.tokens import tokenize
from tasks_app.recurrence.text.tries import Meant, Tries
from tasks_app.recurrence.text.vetting import check_words

Fields = dict[str, Any]
Canonical = Callable[[object, ZoneInfo], Fields]
PATH = "text"
LONGEST_TEXT = 200
MOST_PARTS = 20
_FIELD = r"[0-9*?/,#LW-]+"
_CRON_LIKE = re.compile(
    rf"@[a-z]+( .*)?|(CRON_)?TZ=.*|(rate|cron)\(.*\)|({_FIELD}[ \t]+){{2}}{_FIELD}([ \t].*)?|{_FIELD}[ \t]+\*.*",
    re.IGNORECASE,
)
_CRON_WORD = re.compile(r"^cron[:= ]+(?=[0-9*@])", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+ ?(Z|[+-]\d\d:?\d\d)", re.IGNORECASE | re.ASCII)


def understand(text: str, zone: ZoneInfo, canonical: Canonical) -> Fields:
    """Give the canonical schedule object that a text means; raises ScheduleError at the path "text"."""
    try:
        return _meaning(text, zone, canonical)
    except Refusal as refusal:
        tries = Tries(lambda better: _meaning(better, zone, canonical))
        suggestion, named = tries.understood(refusal.better, refusal.timezone)
        message = _advice(refusal, tries)
        also = _further_readings(refusal, suggestion, tries)
        problem = Problem(refusal.code, message, refusal.position, suggestion, also, named)
        raise ScheduleError({PATH: [problem]}) from None


def _further_readings(refusal: Refusal, suggestion: Meant | None, tries: Tries) -> tuple[str, ...]:
    """Give the other ways to read what can be read in several."""
    if suggestion is None or refusal.code != "text_ambiguous":
        return ()
    found = [tries.first_understood([one]) for one in refusal.better]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and one != suggestion))


def _meaning(text: str, zone: ZoneInfo, canonical: Canonical) -> Fields:
    _check_length(text)
    _check_cron(text)
    _check_instant(text, zone)
    tokens = tokenize(text)
    if not tokens:
        raise _empty()
    check_relative(text, zone)
    check_phrases(text)
    check_spoken_time(text)
    check_words(text, tokens)
    cursor = Cursor(text, tokens)
    parts: list[Fields] = []
    for rule in sorted_rules(read_pieces(cursor)):
        parts += [part for part in schedules_of(rule, cursor, zone) if part not in parts]
    if not parts:
        raise _empty()
    if len(parts) > MOST_PARTS:
        raise Refusal("text_too_long", f"this needs {len(parts)} rules; a schedule has at most {MOST_PARTS}", 0)
    try:
        return canonical(parts[0] if len(parts) == 1 else {"kind": "any", "of": parts}, zone)
    except ScheduleError as error:
        problem = next(iter(error.problems.values()))[0]
        code = "text_never" if problem.code == "cron_never" else "text_unsupported"
        raise Refusal(code, problem.message, tokens[0].start) from None


def _check_length(text: str) -> None:
    stripped = text.strip()
    if not stripped:
        raise _empty()
    if len(stripped) > LONGEST_TEXT:
        raise Refusal("text_too_long", f"a text has at most {LONGEST_TEXT} characters, this has {len(stripped)}", 0)


def _empty() -> Refusal:
    return Refusal("text_empty", 'the text is empty; write for example "every weekday at 9:00"', 0)


def _check_cron(text: str) -> None:
    """Refuse a cron expression, and offer it as one."""
    stripped = _CRON_WORD.sub("", text.strip().strip("\"'`"))
    if not _CRON_LIKE.fullmatch(stripped):
        return
    message = "this is a cron expression; choose Cron (kind cron)"
    better: list[str | Mapping[str, object]] = []
    named = ""
    try:
        better = [{"kind": "cron", "expression": compile_cron(stripped).text}]
    except ScheduleError as error:
        problem = next(iter(error.problems.values()))[0]
        message = f"this looks like a cron expression, and as one: {problem.message}"
        named = problem.timezone
        if isinstance(problem.suggestion, Mapping):
            better = [problem.suggestion]
        elif problem.suggestion and is_valid(problem.suggestion):
            better = [{"kind": "cron", "expression": problem.suggestion}]
    raise Refusal("text_cron", message, 0, *better, timezone=named)


def _check_instant(text: str, zone: ZoneInfo) -> None:
    """Refuse an instant with its offset; a single run takes it as it is."""
    if not _INSTANT.fullmatch(text.strip()):
        return
    with suppress(Unreadable):
        once = {"kind": "once", "run_at": to_text(read_instant(text, zone))}
        message = "an instant with its offset from UTC is a single run; choose Once (kind once)"
        raise Refusal("text_zone", message, text.index(":"), once)


def _advice(refusal: Refusal, tries: Tries) -> str:
    """Give the message, with the texts that it quotes made whole: what is advised is accepted."""
    message = refusal.message
    for better in refusal.better:
        if isinstance(better, str) and f'"{better}"' in message:
            whole = tries.first_understood([better])
            if isinstance(whole, str):
                message = message.replace(f'"{better}"', f'"{whole}"')
            else:
                message = re.sub(rf'[;,:]? (?:write|perhaps|such as|or) "{re.escape(better)}"', "", message, flags=re.I)
    return message
