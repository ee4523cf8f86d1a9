"""Regular expressions that administrators write and users' text is matched against, in time linear in the text.

Python's own matcher backtracks, so that a pattern like `(a|aa)+b` can keep it busy for ever. Here a pattern follows
all its ways at once, as an automaton does: groups and repetitions at will, nothing that looks around or back.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any

MOST_STATES = 500

# Python has no public face for its parsed patterns; this one is the same in 3.11 to 3.14.
_parser: Any = importlib.import_module("re._parser")
_Accepts = Callable[[str], bool]
_CATEGORIES: dict[str, _Accepts] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda one: one.isalnum() or one == "_",
}
_BEGINNINGS = ("AT_BEGINNING", "AT_BEGINNING_STRING")
_ENDS = ("AT_END", "AT_END_STRING")


class BadPattern(ValueError):
    """This is no regular expression, or one that asks for more than an automaton can do."""


class Pattern:
    """A compiled pattern. State 0 is the end; every other one either takes a character or leads on without one."""

    def __init__(self, text: str) -> None:
        self._takes: list[_Accepts | None] = [None]
        self._leads: list[tuple[int, ...]] = [()]
        self._at: list[str] = [""]
        tree = _parsed(text)
        self.begins_with_dash = _begins_with_dash(tree)
        try:
            self._start = self._sequence(tree, 0)
        except RecursionError:
            raise BadPattern("This pattern is nested too deeply.") from None

    def matches(self, text: str) -> bool:
        """Say whether the whole text matches; `$` is the very end, also before a line's end."""
        known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        here = self._reach({self._start}, is_start=True, is_end=not text)
        for index, one in enumerate(text):
            is_end = index == len(text) - 1
            found = None if is_end else known.get((here, one))
            if found is None:
                taken = {self._leads[state][0] for state in here if self._accepts(state, one)}
                found = self._reach(taken, is_start=False, is_end=is_end)
                if not is_end:
                    known[here, one] = found
            here = found
        return 0 in here

    def _accepts(self, state: int, one: str) -> bool:
        takes = self._takes[state]
        return takes is not None and takes(one)

    def _reach(self, states: set[int], *, is_start: bool, is_end: bool) -> frozenset[int]:
        """Add what can be reached without a character."""
        found, fresh = set(states), [*states]
        while fresh:
            state = fresh.pop()
            at = self._at[state]
            is_shut = (at in _BEGINNINGS and not is_start) or (at in _ENDS and not is_end)
            if self._takes[state] is None and not is_shut:
                fresh += [after for after in self._leads[state] if after not in found]
                found.update(self._leads[state])
        return frozenset(found)

    def _add(self, *leads: int, takes: _Accepts | None = None, at: str = "") -> int:
        if len(self._leads) > MOST_STATES:
            raise BadPattern("This pattern is too large; mind numbers in {braces}, which multiply what they follow.")
        self._takes.append(takes)
        self._leads.append(leads)
        self._at.append(at)
        return len(self._leads) - 1

    def _sequence(self, tree: Any, after: int) -> int:
        for operation, value in reversed(list(tree)):
            after = self._one(str(operation), value, after)
        return after

    def _one(self, name: str, value: Any, after: int) -> int:
        """Add the states of one item before the state `after`; gives its first."""
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, body = value
            return self._repeat(low, high, body, after=after)
        if name == "BRANCH":
            return self._add(*(self._sequence(branch, after) for branch in value[1]))
        if name == "SUBPATTERN" and not (value[1] or value[2]):
            return self._sequence(value[3], after)
        if name == "AT" and str(value) in (*_BEGINNINGS, *_ENDS):
            return self._add(after, at=str(value))
        return self._add(after, takes=_taking(name, value))

    def _repeat(self, low: int, high: Any, body: Any, *, after: int) -> int:
        if high is _parser.MAXREPEAT:
            loop = self._add(after)
            self._leads[loop] = (self._sequence(body, loop), after)
            after = loop
        else:
            end = after
            for _ in range(int(high) - int(low)):
                after = self._add(self._sequence(body, after), end)
        for _ in range(int(low)):
            before = self._sequence(body, after)
            if before == after:  # nothing, however often
                break
            after = before
        return after


def _parsed(text: str) -> Any:
    try:
        tree = _parser.parse(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPattern(f"This is no regular expression: {error}.") from None
    if tree.state.flags & ~re.UNICODE.value:
        raise BadPattern("Flags such as (?i) are not taken; write [Aa].")
    return tree


def _taking(name: str, value: Any) -> _Accepts:
    if name == "LITERAL":
        return chr(value).__eq__
    if name == "NOT_LITERAL":
        return chr(value).__ne__
    if name == "ANY":
        return "\n".__ne__
    if name == "IN":
        return _set(value)
    raise BadPattern("Only sets, groups, alternatives and repetitions are taken: nothing that looks around or back.")


def _set(items: Any) -> _Accepts:
    is_negated = str(items[0][0]) == "NEGATE"
    members = [_member(str(name), value) for name, value in items[is_negated:]]
    return lambda one: any(member(one) for member in members) is not is_negated


def _member(name: str, value: Any) -> _Accepts:
    if name == "RANGE":
        low, high = value
        return lambda one: low <= ord(one) <= high
    if name == "CATEGORY":
        known = _CATEGORIES.get(str(value).replace("_NOT", ""))
        if known is not None:
            is_not = "_NOT" in str(value)
            return lambda one: known(one) is not is_not
    return _taking(name, value)


def _begins_with_dash(tree: Any) -> bool:
    """Say whether a dash is spelled out as the first character; one within a set does not count."""
    for operation, value in tree:
        name = str(operation)
        if name == "AT":
            continue
        if name == "BRANCH":
            return any(map(_begins_with_dash, value[1]))
        if name == "SUBPATTERN":
            return _begins_with_dash(value[3])
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return _begins_with_dash(value[2])
        return name == "LITERAL" and value == ord("-")
    return False
