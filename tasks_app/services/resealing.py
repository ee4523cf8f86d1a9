"""Sealing everything again with the first of FIELD_KEYS, so that older keys can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model

from tasks_app.models import Credential, SecondFactor
from tasks_app.services.sealing import Unsealable, reseal

BATCH = 200
# Every sealed column of the database.
COLUMNS: tuple[tuple[type[Model], str], ...] = (
    (Credential, "sealed"),
    (Credential, "sealed_token"),
    (SecondFactor, "sealed"),
)


@dataclass(frozen=True)
class Resealed:
    """What became of one value; `fault` says why it could not be opened."""

    what: str
    fault: str = ""


def reseal_all() -> Iterator[Resealed]:
    """Seal every stored secret again, in batches of a transaction each. What can't be opened is left as it is."""
    for model, column in COLUMNS:
        last: Any = None
        while batch := _batch(model, column, last):
            with transaction.atomic():
                done = [_resealed(model, column, key, sealed) for key, sealed in batch]
            yield from done
            last = batch[-1][0]


def _batch(model: type[Model], column: str, last: Any) -> list[tuple[Any, str]]:
    rows = model._default_manager.exclude(**{column: ""}).order_by("pk")
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return list(rows.values_list("pk", column)[:BATCH])


def _resealed(model: type[Model], column: str, key: Any, sealed: str) -> Resealed:
    what = f"{model._meta.verbose_name} {key}, {column}"
    try:
        again = reseal(sealed)
    except Unsealable as error:
        return Resealed(what, error.message)
    # Only where it is still what was read: an edit in between has sealed its own with the first key.
    model._default_manager.filter(**{"pk": key, column: sealed}).update(**{column: again})
    return Resealed(what)
