"""Whether FIELD_KEYS open what is stored: a lost key is found by looking, and not by the run that needs the secret."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, TextField
from django.db.models.functions import Cast

from tasks_app.handlers.masking import SEALED, changed
from tasks_app.models import ScheduledTask, TypeRule
from tasks_app.selectors.health import Finding
from tasks_app.services.resealing import COLUMNS
from tasks_app.services.sealing import Unsealable, unseal

# Of each kind the newest: keys are lost for all that they sealed. Runs of the past are left to `reencrypt`.
_MOST = 1000


def stored_secrets() -> Finding:
    """Try to open what tasks and people may need next."""
    lost = sum(not _opens(sealed) for sealed in _sealed())
    if not lost:
        return Finding("stored secrets", True, "the keys open them")
    many = "1 stored secret" if lost == 1 else f"{lost} stored secrets"
    return Finding(
        "stored secrets", False, f"{many} cannot be read: FIELD_KEYS lacks the key; `manage.py reencrypt` names each"
    )


def _sealed() -> Iterator[str]:
    for model, column in COLUMNS:
        rows = model._default_manager.exclude(**{column: ""}).order_by("-pk")
        yield from rows.values_list(column, flat=True)[:_MOST]
    yield from _inside(ScheduledTask, "payload")
    yield from _inside(TypeRule, "locked")


def _inside(model: type[Model], column: str) -> Iterator[str]:
    rows = model._default_manager.annotate(text=Cast(column, TextField())).filter(text__contains=SEALED)
    found: list[str] = []

    def note(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(SEALED):
            found.append(value.removeprefix(SEALED))
        return value

    for payload in rows.order_by("-pk").values_list(column, flat=True)[:_MOST]:
        changed(None, payload, note)
    yield from found


def _opens(sealed: str) -> bool:
    try:
        unseal(sealed)
    except Unsealable:
        return False
    return True
