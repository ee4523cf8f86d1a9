"""What an action on many things keeps in mind between its steps, so that it counts once and can be gone on with.

It stands in rows like those of an Idempotency-Key, written in the transaction of the work: a form that is sent twice,
two tabs that go on at once or a crash in between do nothing twice. Long lists stand in rows of their own, so that a
step writes no more than it has done. After a day it is there no more, whenever upkeep comes to drop the rows.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import IdempotencyKey
from tasks_app.services.idempotency import KEPT
from tasks_app.services.limiter import Limit
from tasks_app.services.locks import is_lock_timeout, limit_lock_wait

SECONDS = 10.0
"""How long one request goes on, step after step."""
_SQLITE_SECONDS, _SECONDS = 0.08, 0.5
PACE = Limit("many", most=60, seconds=60)
COUNTS_AS_ONE = 1_000
"""An action counts once more for each so many things: what it keeps in mind has to be dropped as fast as it comes."""
_TOO_FAST = "You begin too many of these: at most 60 in a minute."
State = dict[str, Any]


@dataclass
class Turn:
    """One step, inside its transaction, which is short on SQLite, where all others wait for it."""

    steps: "Steps"
    user: AbstractBaseUser
    token: uuid.UUID
    state: State
    until: float

    @property
    def is_over(self) -> bool:
        """Its time is up: what is left is for the next."""
        return time.monotonic() >= self.until

    def part(self, name: str) -> list[Any]:
        """Read a list that was put down; empty where there is none."""
        return self.steps.parts(self.user, self.token, name)

    def put(self, name: str, items: Sequence[Any]) -> None:
        """Put a list down under a new name."""
        self.steps.put(self.user, self.token, {name: items})


@dataclass(frozen=True)
class Steps:
    """All actions of one kind; `path` tells kinds apart."""

    path: str

    def begin(
        self, user: AbstractBaseUser, token: uuid.UUID, state: State, parts: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        """Take the action down, once per token. Raises Conflict where the token has named another one, or TooMany."""
        digest = hashlib.sha256(_text([state, parts or {}]).encode()).hexdigest()
        with transaction.atomic():
            self._forget(user, token)
            row, is_new = IdempotencyKey.objects.get_or_create(
                **self._name(user, str(token)), defaults={"body_digest": digest, "response": _plain(state)}
            )
            if is_new:
                cost = 1 + sum(map(len, (parts or {}).values())) // COUNTS_AS_ONE
                PACE.take_with_transaction(user.pk, _TOO_FAST, cost=cost)
                self.put(user, token, parts or {})
        if row.body_digest != digest:
            raise Conflict("This form was sent before, with something else in it.")

    def state(self, user: AbstractBaseUser, token: uuid.UUID) -> State:
        """How far it has come; raises NotFound where this user has begun none."""
        return self._row(user, token, IdempotencyKey.objects.all()).response or {}

    def latest(self, user: AbstractBaseUser, most: int) -> list[tuple[uuid.UUID, datetime, State]]:
        """The last ones that this user has begun, newest first: their tokens, when, and how far they have come."""
        name = self._name(user, "")
        del name["key"]
        rows = IdempotencyKey.objects.filter(**name, created_at__gte=timezone.now() - KEPT).exclude(key__contains="/")
        by_age = (F("id") + 0).desc()  # no index gives that order, so the one that knows whose they are is taken
        found = rows.order_by(by_age).values_list("key", "created_at", "response")[:most]
        return [(uuid.UUID(key), at, state or {}) for key, at, state in found]

    def go_on(
        self,
        user: AbstractBaseUser,
        token: uuid.UUID,
        step: Callable[[Turn], bool],
        *,
        seconds: float | None = None,
    ) -> State:
        """Step on while `step` says that there is more to do, until the time is up.

        Who goes on at once with many others waits no longer than that for a turn, and is told how far it is then.
        Rights that end meanwhile end with the step: for the next one the person is read anew.
        """
        until = time.monotonic() + (SECONDS if seconds is None else seconds)
        while True:
            try:
                state, has_more = self._one(user, token, step, until)
            except OperationalError as error:
                if not is_lock_timeout(error):
                    raise
                return self.state(user, token)
            if not has_more or time.monotonic() >= until:
                return state
            user = get_user_model().objects.get(pk=user.pk)

    @transaction.atomic
    def _one(
        self, user: AbstractBaseUser, token: uuid.UUID, step: Callable[[Turn], bool], until: float
    ) -> tuple[State, bool]:
        wait = max(1, int((until - time.monotonic()) * 1000))
        limit_lock_wait(f"'{wait}ms'")
        row = self._row(user, token, IdempotencyKey.objects.select_for_update())
        limit_lock_wait("DEFAULT")
        most = _SQLITE_SECONDS if connection.vendor == "sqlite" else _SECONDS
        turn = Turn(self, user, token, row.response or {}, time.monotonic() + most)
        has_more = step(turn)
        state = _plain(turn.state)
        IdempotencyKey.objects.filter(pk=row.pk).update(response=state)
        return state, has_more

    def put(self, user: AbstractBaseUser, token: uuid.UUID, parts: Mapping[str, Sequence[Any]]) -> None:
        """Put lists down, each under its name."""
        named = {name: self._name(user, f"{token}/{name}") for name in parts}
        IdempotencyKey.objects.bulk_create(
            IdempotencyKey(**named[name], body_digest="", response=_plain(list(items))) for name, items in parts.items()
        )

    def parts(self, user: AbstractBaseUser, token: uuid.UUID, *names: str) -> list[Any]:
        """Read lists that were put down, joined in the order of the names."""
        keys = [f"{token}/{name}" for name in names]
        name = self._name(user, "")
        del name["key"]
        found = dict(IdempotencyKey.objects.filter(**name, key__in=keys).values_list("key", "response"))
        return [item for key in keys for item in found.get(key) or []]

    def _row(self, user: AbstractBaseUser, token: uuid.UUID, rows: QuerySet[IdempotencyKey]) -> IdempotencyKey:
        """The action itself. It is the oldest of its rows: while it holds, none of its lists has been dropped."""
        row = rows.filter(**self._name(user, str(token)), created_at__gte=timezone.now() - KEPT).first()
        if row is None:
            raise NotFound("There is no such action.")
        return row

    def _forget(self, user: AbstractBaseUser, token: uuid.UUID) -> None:
        """Drop one that is older than a day, with its lists: the token may be used again."""
        name = self._name(user, str(token))
        if IdempotencyKey.objects.filter(**name, created_at__lt=timezone.now() - KEPT).delete()[0]:
            del name["key"]
            IdempotencyKey.objects.filter(**name, key__startswith=f"{token}/").delete()

    def _name(self, user: AbstractBaseUser, key: str) -> dict[str, Any]:
        return {"principal": f"user:{user.pk}", "method": "POST", "path": self.path, "key": key}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, cls=DjangoJSONEncoder)


def _plain(value: Any) -> Any:
    return json.loads(_text(value))
