"""On whose things a cleaning works."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Whose:
    """One owner's things (None: the platform's own), or everybody's."""

    owner_id: int | None
    is_everybody: bool = False

    def of(self, rows: QuerySet[M], field: str = "owner_id") -> QuerySet[M]:
        """Give those of the rows that are meant."""
        if self.is_everybody:
            return rows
        condition: dict[str, Any] = {field: self.owner_id}
        if self.owner_id is None:
            condition = {f"{field}__isnull": True}
        return rows.filter(**condition)
