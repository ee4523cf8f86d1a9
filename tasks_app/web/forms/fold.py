"""Which fields of a long form stand folded away: those that are rarely given, while nothing is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks_app.web.forms.field import Field, faulty

# A form of up to so many optional fields is shown whole. Schemas name the usual ones first.
SHOWN_OPTIONAL = 7
_FEWEST_FOLDED = 2


@dataclass(frozen=True)
class Fold:
    """The fields in two parts; the second is open when it holds an error or something that was given."""

    shown: Sequence[Field]
    folded: Sequence[Field] = ()
    is_open: bool = False

    @property
    def names(self) -> str:
        """What is to be found in the second part."""
        return ", ".join(
            one.label[:1].lower() + one.label[1:] if one.label[1:2].islower() else one.label for one in self.folded
        )


def fold(fields: Sequence[Field], schema: Mapping[str, Any], payload: Mapping[str, Any]) -> Fold:
    """Fold away the optional fields behind the usual ones."""
    optional = [one for one in fields if not one.is_required]
    rare = optional[SHOWN_OPTIONAL:]
    if len(rare) < _FEWEST_FOLDED:
        return Fold(fields)
    shown = [one for one in fields if one not in rare]
    is_open = bool(faulty(rare)) or any(_is_given(one, schema, payload) for one in rare)
    return Fold(shown, rare, is_open)


def _is_given(field: Field, schema: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    name = field.path.rsplit(".", 1)[-1]
    properties = schema.get("properties") or {}
    return payload.get(name) not in (None, "", [], {}, properties.get(name, {}).get("default"))
