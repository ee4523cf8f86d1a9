"""Sorts the clauses of a text into rules: "every weekday at 9 and on Saturday at 11" holds two."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from tasks_app.recurrence.text.clauses import (
    Anchor,
    Clause,
    Clock,
    Dates,
    Days,
    Except,
    Head,
    Hours,
    Minutes,
    Months,
    Rhythm,
    Times,
    Window,
)
from tasks_app.recurrence.text.refusal import Refusal

C = TypeVar("C", bound=Clause)
# These may stand several times in a rule, joined by commas or "and"; any other kind once.
_LISTED = (Days, Dates, Times, Months, Minutes, Window)
_EVERY = {"each", "every"}
_APART = 'separate the rules by ";", each with its days and its times'


@dataclass
class Rule:
    """Clauses that belong together, and the sign before the first of them."""

    sign: str
    clauses: list[Clause] = field(default_factory=list)

    def of(self, kind: type[C]) -> list[C]:
        """Give the clauses of a kind."""
        return [clause for clause in self.clauses if isinstance(clause, kind)]

    def one(self, kind: type[C]) -> C | None:
        """Give the first clause of a kind."""
        return next(iter(self.of(kind)), None)

    def has(self, *kinds: type[Clause]) -> bool:
        """Tell whether there is a clause of one of some kinds."""
        return any(isinstance(clause, kinds) for clause in self.clauses)

    @property
    def clocks(self) -> list[Clock]:
        """Give the times of day."""
        return [clock for times in self.of(Times) for clock in times.clocks]

    @property
    def start(self) -> int:
        """Give where it begins in the text."""
        return self.clauses[0].start

    @property
    def end(self) -> int:
        """Give where it ends in the text."""
        return self.clauses[-1].end

    @property
    def is_complete(self) -> bool:
        """Tell whether it says both on which days and when."""
        if self.has(Rhythm) or any(minutes.of_hour in _EVERY for minutes in self.of(Minutes)):
            return True
        if self.has(Minutes):
            return self.has(Hours)
        return self.has(Times) and self.has(Days, Dates, Head)


def sorted_rules(pieces: Iterable[tuple[str, Clause]]) -> list[Rule]:
    """Sort the pieces of a text into rules; what stays incomplete is for the assembler to refuse."""
    groups = _groups(pieces)
    for group in groups:
        _check_repeats(group, ())
    parts: list[list[Rule]] = []
    for group in groups:
        if group.sign == ";" or not parts:
            parts.append([])
        parts[-1].append(group)
    rules: list[Rule] = []
    for part in parts:
        merged = _merged(part)
        _check_reach(merged)
        rules += merged
    for rule in rules:
        _check_repeats(rule, _LISTED)
    return rules


def _check_reach(rules: list[Rule]) -> None:
    """Refuse months and hours at one end of several rules: they may be meant for all of them."""
    for clause, others in ((rules[0].clauses[0], rules[1:]), (rules[-1].clauses[-1], rules[:-1])):
        kind = type(clause)
        if isinstance(clause, Days) and clause.weekdays and clause.months:
            lacking = any(not any(days.months for days in rule.of(Days)) and not rule.has(Months) for rule in others)
        elif kind is Window:
            lacking = any(rule.has(Rhythm) and not rule.has(Window) for rule in others)
        else:
            lacking = kind in (Months, Except, Anchor) and any(not rule.has(kind) for rule in others)
        if lacking:
            raise Refusal("text_ambiguous", f"this may be meant for all that is said; {_APART}", clause.start)


def _groups(pieces: Iterable[tuple[str, Clause]]) -> list[Rule]:
    """Begin a group at each separator."""
    groups: list[Rule] = []
    for sign, clause in pieces:
        if sign or not groups:
            groups.append(Rule(sign))
        if not _says_again(groups[-1], clause):
            groups[-1].clauses.append(clause)
    return groups


def _says_again(group: Rule, clause: Clause) -> bool:
    """Tell whether the same weekdays have been named: every weekday (Monday to Friday)."""
    if not isinstance(clause, Days) or clause.items or clause.months:
        return False
    return any(days.weekdays == clause.weekdays and not days.months for days in group.of(Days))


def _check_repeats(rule: Rule, many: tuple[type[Clause], ...]) -> None:
    seen: set[type[Clause]] = set()
    for clause in rule.clauses:
        kind = type(clause)
        if kind in seen and kind not in many:
            raise Refusal("text_ambiguous", f"this is said twice; {_APART}", clause.start)
        seen.add(kind)


def _merged(groups: list[Rule]) -> list[Rule]:
    """Join incomplete groups to their neighbours."""
    done: list[Rule] = []
    waiting: Rule | None = None
    for place, group in enumerate(groups):
        if waiting:
            waiting = _joined(waiting, group, is_first=not done)
        elif done and not group.is_complete and _belongs_to(done[-1], group, groups[place + 1 :]):
            done[-1] = Rule(done[-1].sign, done[-1].clauses + group.clauses)
        else:
            waiting = group
        if waiting and waiting.is_complete:
            done.append(waiting)
            waiting = None
    return done + ([waiting] if waiting else [])


def _belongs_to(before: Rule, group: Rule, following: list[Rule]) -> bool:
    """Tell whether an incomplete group adds to the complete rule before it."""
    first, last = group.clauses[0], before.clauses[-1]
    same = next((kind for kind in _LISTED if isinstance(first, kind) and isinstance(last, kind)), None)
    if same:
        return _goes_on(before, group, following, same)
    is_apart = group.sign == "and" or isinstance(first, Times)
    if is_apart or (group.has(Times) and before.has(Times) and not isinstance(first, Anchor)):
        return False
    if isinstance(first, Days):
        return not before.has(Days, Dates)
    if isinstance(first, Window):
        return before.has(Rhythm) and not before.has(Window)
    return not before.has(type(first))


def _goes_on(before: Rule, group: Rule, following: list[Rule], kind: type[Clause]) -> bool:
    """Tell whether a group lengthens the list with which the rule before it ends."""
    if following and following[0].is_complete and isinstance(following[0].clauses[0], kind):
        raise Refusal("text_ambiguous", _APART, group.start)
    added = [clause for clause in group.clauses if not isinstance(clause, kind)]
    return all(isinstance(clause, Days | Months | Except) and not before.has(type(clause)) for clause in added)


def _joined(before: Rule, group: Rule, *, is_first: bool) -> Rule:
    """Join an incomplete group to the one after it, where only one meaning is possible."""
    shared = tuple(kind for kind in _LISTED if before.has(kind) and group.has(kind))
    is_one = _is_list(before, group, shared) if shared else is_first and group.sign == ","
    if not is_one:
        raise Refusal("text_ambiguous", _APART, group.start)
    return Rule(before.sign, before.clauses + group.clauses)


def _is_list(before: Rule, group: Rule, shared: tuple[type[Clause], ...]) -> bool:
    """Tell whether "on Monday" and "on Friday at 9" are one list with one time."""
    head = before.one(Head)
    if not isinstance(group.clauses[0], shared) or group.has(Head):
        return False
    if head and head.count > 1 and any(days.is_repeated for days in before.of(Days) + group.of(Days)):
        return False
    return all(isinstance(clause, (*shared, Head, Months)) for clause in before.clauses)
