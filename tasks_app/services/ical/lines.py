"""From a file to the lines of its events: bytes, characters, folded lines, and what stands inside what."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks_app.errors import Invalid

MOST_BYTES = 256 * 1024
MOST_DEEP = 8
FIELD = "ical"
_OUTERMOST = "BEGIN:VCALENDAR"
_BREAK = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Line:
    """A content line, unfolded: the number of its first line in the file, its name in capitals, and all of it."""

    number: int
    name: str
    text: str


@dataclass
class RawEvent:
    """The lines of an event that stand in it directly, by their name."""

    number: int
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))


def fault(code: str, message: str, *, line: int | None = None) -> Invalid:
    """Give the refusal of a file, with the line that it is about."""
    return Invalid.at(FIELD, code, f"Line {line}: {message}" if line is not None else message)


def text_of(content: str | bytes) -> str:
    """Give a file as text; raises Invalid when it is too large or not UTF-8."""
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if len(raw) > MOST_BYTES:
        raise fault("too_large", f"An iCalendar file has at most {MOST_BYTES // 1024} KiB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_BREAK.findall(raw[: error.start].decode("utf-8", "replace"))) + 1
        raise fault("encoding", "this is not UTF-8; save the file as UTF-8.", line=line) from None


def events_in(text: str) -> Iterator[RawEvent]:
    """Give the events of a file; raises Invalid at the first line that cannot belong to one."""
    if not text.lstrip().upper().startswith(_OUTERMOST):
        raise fault("not_ical", f"This is no iCalendar file: it does not begin with {_OUTERMOST}.")
    inside: list[Line] = []
    event: RawEvent | None = None
    for line in _lines(text):
        _check_is_inside(line, inside)
        if line.name == "BEGIN":
            event = _begin(line, inside, event)
        elif line.name == "END":
            _end(line, inside)
            if event is not None and len(inside) == 1:
                yield event
                event = None
        elif event is not None and len(inside) == 2:  # noqa: PLR2004  # VCALENDAR and VEVENT
            event.lines[line.name].append(line)
    if inside:
        raise fault("syntax", f"{inside[-1].text} has no END.", line=inside[-1].number)


def _check_is_inside(line: Line, inside: list[Line]) -> None:
    if not inside and line.text.upper() != _OUTERMOST:
        raise fault("syntax", f"stands behind the end of the calendar: “{line.text[:60]}”.", line=line.number)


def _begin(line: Line, inside: list[Line], event: RawEvent | None) -> RawEvent | None:
    if len(inside) >= MOST_DEEP:
        raise fault("too_deep", f"nested deeper than {MOST_DEEP} levels.", line=line.number)
    inside.append(line)
    is_event = len(inside) == 2 and line.text.upper() == "BEGIN:VEVENT"  # noqa: PLR2004
    return RawEvent(line.number) if is_event else event


def _end(line: Line, inside: list[Line]) -> None:
    begun = inside.pop()
    if begun.text.upper().removeprefix("BEGIN:") != line.text.upper().removeprefix("END:"):
        message = f"{line.text[:60]} does not end {begun.text[:60]} of line {begun.number}."
        raise fault("syntax", message, line=line.number)


def _lines(text: str) -> Iterator[Line]:
    number, folded = 0, [""]
    for count, part in enumerate(_BREAK.split(text), start=1):
        if control := _CONTROL.search(part):
            raise fault("characters", f"must not contain the character U+{ord(control[0]):04X}.", line=count)
        if part[:1] in (" ", "\t") and number:
            folded.append(part[1:])
            continue
        if "".join(folded).strip():
            yield _line(number, "".join(folded))
        number, folded = count, [part]
    if "".join(folded).strip():
        yield _line(number, "".join(folded))


def _line(number: int, text: str) -> Line:
    text = text.rstrip()
    name = _NAME.match(text)
    if name is None:
        raise fault("syntax", f"must read NAME:value; it is “{text[:60]}”.", line=number)
    return Line(number, name[0].upper(), text)
