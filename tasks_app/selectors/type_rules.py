"""What administrators have laid down for task types. A rule holds at most TYPE_RULE_SECONDS after it was saved."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from tasks_app.models import TypeRule


@dataclass(frozen=True)
class Rule:
    """One type's rule. `locked`: the values of payload fields by dotted path."""

    is_restricted: bool = False
    locked: Mapping[str, Any] = field(default_factory=dict)


NO_RULE = Rule()


def type_rules() -> dict[str, Rule]:
    """Every rule by the name of its type, as they were a moment ago: each payload of thousands, and each run, asks."""
    now = time.monotonic()
    if now >= _kept.until:
        rows = TypeRule.objects.values_list("type", "is_restricted", "locked")
        _kept.rules = {name: Rule(is_restricted, locked) for name, is_restricted, locked in rows}
        _kept.until = now + settings.TYPE_RULE_SECONDS
    return _kept.rules


def type_rule(type_name: str) -> Rule:
    """The rule of one type."""
    return type_rules().get(type_name, NO_RULE)


def type_rule_stored(type_name: str) -> TypeRule | None:
    """The row of one type's rule as it stands now, for those who change it."""
    return TypeRule.objects.filter(type=type_name).first()


class _Kept(threading.local):
    def __init__(self) -> None:
        self.until = 0.0
        self.rules: dict[str, Rule] = {}


_kept = _Kept()
