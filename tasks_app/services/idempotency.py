"""A POST that is sent twice with one Idempotency-Key does its work once.

The key's row and the work are one transaction: after a crash either both are there or neither, and a second request
waits at the unique index (on SQLite: for the write lock) until the first has ended. Upkeep drops rows after 24 hours.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction

from tasks_app.errors import CarillonError, Conflict
from tasks_app.models import IdempotencyKey, db_now
from tasks_app.services.locks import is_lock_timeout, limit_lock_wait

KEPT = timedelta(hours=24)
WAIT_SECONDS = 5


class KeyReused(CarillonError):
    """The key has been used before, with another body."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Answer:
    """What an interface answers, as it is stored and sent."""

    status: int
    body: dict[str, Any] | None
    headers: dict[str, str]
    is_replayed: bool = False


@dataclass(frozen=True)
class Used:
    """One use of a key: who sent it, and where."""

    principal: str
    method: str
    path: str
    key: str


def once(used: Used, *, digest: str, work: Callable[[], Answer]) -> Answer:
    """Do the work and remember its answer, or give the answer that was given before.

    What raises is not remembered. Raises KeyReused for another body, Conflict when the first request takes over 5 s.
    """
    name = {**vars(used), "path": used.path[:300]}
    with _waiting_briefly() as entered, transaction.atomic():
        entered()
        before = _reserve(name, digest)
        if before is not None:
            return _replay(before, digest)
        answer = work()
        IdempotencyKey.objects.filter(**name).update(
            status_code=answer.status, response=answer.body, headers=answer.headers
        )
    return answer


def _reserve(name: dict[str, str], digest: str) -> IdempotencyKey | None:
    """Take the key; give the row of whoever took it before."""
    now = db_now()
    IdempotencyKey.objects.filter(**name, created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            limit_lock_wait(f"'{WAIT_SECONDS}s'")
            IdempotencyKey.objects.create(**name, body_digest=digest)
            limit_lock_wait("DEFAULT")
    except IntegrityError:
        return IdempotencyKey.objects.get(**name)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise _in_progress() from None
    return None


def _replay(row: IdempotencyKey, digest: str) -> Answer:
    if row.body_digest != digest:
        raise KeyReused("This Idempotency-Key was used before with another body; use a new one.")
    if row.status_code is None:
        raise _in_progress()
    return Answer(row.status_code, row.response, dict(row.headers), is_replayed=True)


def _in_progress() -> Conflict:
    message = "A request with this Idempotency-Key is still under way; ask again in a moment."
    return Conflict(message, code="in_progress")


@contextmanager
def _waiting_briefly() -> Iterator[Callable[[], None]]:
    """On SQLite, bound the wait for the write lock, which is where a second request waits; until it is `entered`."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield lambda: None
        return
    ordinary = connection.settings_dict["OPTIONS"].get("timeout", WAIT_SECONDS)
    is_inside = False

    def entered() -> None:
        nonlocal is_inside
        is_inside = True
        _busy_timeout(ordinary)

    _busy_timeout(WAIT_SECONDS)
    try:
        yield entered
    except OperationalError:
        if is_inside:
            raise
        raise _in_progress() from None
    finally:
        _busy_timeout(ordinary)


def _busy_timeout(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
