"""The examples and the types as one person meets them: what they may use, and why not the rest."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks_app.catalogue import EXAMPLES, GROUPS, Example
from tasks_app.handlers import registry
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.recurrence import build
from tasks_app.selectors.access import Person, sees_all, why_not
from tasks_app.selectors.type_rules import NO_RULE, Rule, type_rules

FOR_STAFF = "This concerns the whole platform: for administrators."


@dataclass(frozen=True)
class TypeOffer:
    """A type, and why this person may not use it ("" when they may)."""

    spec: HandlerSpec
    why_not: str


@dataclass(frozen=True)
class ExampleOffer:
    """An example with its schedule in words, and why this person may not use it ("" when they may)."""

    example: Example
    schedule_text: str
    type_title: str
    why_not: str


def type_offers(user: Person) -> list[TypeOffer]:
    """Every type that people may schedule: those that this person may use come first."""
    rules = type_rules()
    specs = [spec for spec in registry.all() if not spec.internal]
    offers = [TypeOffer(spec, why_not(user, spec, is_restricted=_is_restricted(spec, rules))) for spec in specs]
    return sorted(offers, key=lambda offer: (bool(offer.why_not), offer.spec.title.lower()))


def example_offers(user: Person, timezone: str) -> list[ExampleOffer]:
    """Every example whose type is installed, in the catalogue's order."""
    known = {spec.name: spec for spec in registry.all() if not spec.internal}
    rules = type_rules()
    return [_offer(user, one, known[one.type], timezone, rules) for one in EXAMPLES if one.type in known]


def in_groups(offers: list[ExampleOffer]) -> list[tuple[str, list[ExampleOffer]]]:
    """The offers under the titles of their groups."""
    groups = [(title, [one for one in offers if one.example.group == group]) for group, title in GROUPS.items()]
    return [(title, members) for title, members in groups if members]


def types_about(offers: list[TypeOffer], words: str) -> list[TypeOffer]:
    """Those in whose name, title or description every word stands."""
    return [one for one in offers if _has(words, one.spec.title, one.spec.name, one.spec.description)]


def examples_about(offers: list[ExampleOffer], words: str) -> list[ExampleOffer]:
    """Those in whose name, description or type every word stands."""
    return [one for one in offers if _has(words, one.example.name, one.example.description, one.type_title)]


def _has(words: str, *texts: str) -> bool:
    text = " ".join(texts).casefold()
    return all(word in text for word in words.casefold().split())


def _is_restricted(spec: HandlerSpec, rules: Mapping[str, Rule]) -> bool:
    return rules.get(spec.name, NO_RULE).is_restricted


def _offer(user: Person, example: Example, spec: HandlerSpec, timezone: str, rules: Mapping[str, Rule]) -> ExampleOffer:
    reason = why_not(user, spec, is_restricted=_is_restricted(spec, rules)) or (
        FOR_STAFF if example.for_staff and not sees_all(user) else ""
    )
    return ExampleOffer(example, build(example.schedule, timezone).describe(), spec.title, reason)
