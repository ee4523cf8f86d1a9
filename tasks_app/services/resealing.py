"""Sealing everything again with the first of FIELD_KEYS, so that older keys can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model, TextField
from django.db.models.functions import Cast

from tasks_app.handlers.masking import SEALED, changed
from tasks_app.models import Credential, ScheduledTask, SecondFactor, TaskRevision, TaskRun, TypeRule
from tasks_app.services.sealing import Unsealable, reseal

BATCH = 200
# Every sealed column of the database.
COLUMNS: tuple[tuple[type[Model], str], ...] = (
    (Credential, "sealed"),
    (Credential, "sealed_token"),
    (SecondFactor, "sealed"),
)
# What holds payloads with sealed values in them.
WITH_PAYLOADS: tuple[tuple[type[Model], str], ...] = (
    (ScheduledTask, "payload"),
    (TaskRun, "payload"),
    (TypeRule, "locked"),
    (TaskRevision, "values"),
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
    for model, column in WITH_PAYLOADS:
        yield from _reseal_payloads(model, column)


def _reseal_payloads(model: type[Model], column: str) -> Iterator[Resealed]:
    last: Any = None
    while keys := _keys_with_sealed(model, column, last):
        for key in keys:
            with transaction.atomic():
                done = list(_resealed_payload(model, column, key))
            yield from done
        last = keys[-1]


def _keys_with_sealed(model: type[Model], column: str, last: Any) -> list[Any]:
    rows = model._default_manager.annotate(text=Cast(column, TextField())).filter(text__contains=SEALED)
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _resealed_payload(model: type[Model], column: str, key: Any) -> Iterator[Resealed]:
    """Seal each value of one payload again, in the locked row."""
    what = f"{model._meta.verbose_name} {key}, {column}"
    rows = model._default_manager.filter(pk=key)
    payload = rows.select_for_update().values_list(column, flat=True).first()
    found: list[Resealed] = []

    def again(value: Any) -> Any:
        try:
            sealed = SEALED + reseal(str(value).removeprefix(SEALED))
        except Unsealable as error:
            found.append(Resealed(what, error.message))
            return value
        found.append(Resealed(what))
        return sealed

    # Without the type's class: only what is sealed already is changed, wherever it stands.
    rows.update(**{column: changed(None, payload, lambda value: again(value) if _is_sealed(value) else value)})
    yield from found


def _is_sealed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(SEALED)


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
