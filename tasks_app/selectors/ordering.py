"""The order of a list, column by column, and the rows that lie behind a place in it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Field, Model, Q, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, GreaterThan, LessThan

_FOLDED = "__lower"


@dataclass(frozen=True)
class Column:
    """One column of an order; a folded one, written `name__lower`, sorts small and capital letters alike."""

    name: str
    is_descending: bool
    is_nullable: bool
    is_folded: bool = False

    @classmethod
    def of(cls, written: str, model: type[Model]) -> "Column":
        """Read `name`, `-name`, or either with `__lower`."""
        name = column_name(written)
        return cls(name, written.startswith("-"), field_of(model, name).null, written.endswith(_FOLDED))

    def sorted(self, *, is_backwards: bool = False) -> OrderBy:
        """Give the order; nulls come last, and so first when the list is read backwards.

        Only where there can be nulls their place is named: the plain order is the index's own.
        """
        nulls: dict[str, Any] = {}
        if self.is_nullable:
            nulls = {"nulls_first": True} if is_backwards else {"nulls_last": True}
        is_descending = self.is_descending != is_backwards
        return OrderBy(self._of(F(self.name)), descending=is_descending, **nulls)

    def behind(self, value: Any, *, is_backwards: bool) -> Q:
        """Give the condition for rows behind this value, in the direction of reading."""
        null = Q(**{f"{self.name}__isnull": True})
        if value is None:
            return ~null if is_backwards else Q(pk__in=[])
        operator = "lt" if self.is_descending != is_backwards else "gt"
        if self.is_folded:
            compare = LessThan if operator == "lt" else GreaterThan
            return Q(compare(self._of(F(self.name)), self._of(Value(value))))
        further = Q(**{f"{self.name}__{operator}": value})
        return further | null if self.is_nullable and not is_backwards else further

    def at(self, value: Any) -> Q:
        """Give the condition for rows with this value."""
        if self.is_folded:
            return Q(Exact(self._of(F(self.name)), self._of(Value(value))))
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def _of(self, expression: F | Value) -> Any:
        """The database itself folds the letters, also those of a cursor: it knows some that Python does not."""
        return Lower(expression) if self.is_folded else expression


def column_name(written: str) -> str:
    """Give the name of the field that a written column sorts by."""
    return written.removeprefix("-").removesuffix(_FOLDED)


def field_of(model: type[Model], name: str) -> "Field[Any, Any]":
    """Give the field of a model."""
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field
