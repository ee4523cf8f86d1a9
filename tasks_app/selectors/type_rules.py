"""What administrators have laid down for task types. Read anew each time: a rule holds from the moment it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks_app.models import TypeRule


@dataclass(frozen=True)
class Rule:
    """One type's rule. `locked`: the values of payload fields by dotted path."""

    is_restricted: bool = False
    locked: Mapping[str, Any] = field(default_factory=dict)


NO_RULE = Rule()


def type_rules() -> dict[str, Rule]:
    """Every rule by the name of its type, in one query: for lists of types and groups of runs."""
    rows = TypeRule.objects.values_list("type", "is_restricted", "locked")
    return {name: Rule(is_restricted, locked) for name, is_restricted, locked in rows}


def type_rule(type_name: str) -> Rule:
    """The rule of one type, in one query."""
    row = TypeRule.objects.filter(type=type_name).values_list("is_restricted", "locked").first()
    return Rule(*row) if row else NO_RULE
