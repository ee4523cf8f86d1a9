"""Side effects that happen once per root run: intent before, confirmation after, `unknown` in between.

A crash between the two leaves an intent. The next attempt sends an idempotent effect again, with the same id; any other
becomes `unknown`, and the run ends for a person to look at, whose word `services/settling` writes.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from tasks_app.errors import EffectUnknown, RunStopped
from tasks_app.handlers.secrecy import hide_in
from tasks_app.models import Effect, TaskRun, db_now
from tasks_app.services.execution.storable import storable_json
from tasks_app.services.lifecycle import Claim

_KEY_LIMIT = 300
_PAUSES = (0.1, 0.5, 1.0, 2.0, None)
OPEN = (Effect.State.INTENT, Effect.State.UNKNOWN)
BEGUN_ANEW = {"state": Effect.State.INTENT, "settled_at": None, "settled_by": "", "settle_note": ""}


class Handle:
    """One effect, as the handler sees it (the `EffectHandle` protocol)."""

    def __init__(self, row: Effect) -> None:
        self._row = row
        self.id = str(uuid.uuid5(row.root_run_id, row.key))

    @property
    def done(self) -> bool:
        """The effect is known to have happened."""
        return self._row.state == Effect.State.DONE

    @property
    def result(self) -> Any:
        """What was confirmed with it."""
        return self._row.result

    def confirm(self, result: Any = None) -> None:
        """Note that it happened: a fact, whoever owns the run by now. Raises TypeError when the result is not JSON."""
        try:
            kept = hide_in(storable_json(result))
        except (TypeError, ValueError):
            self._settle(Effect.State.DONE, None)  # it happened all the same
            raise
        self._settle(Effect.State.DONE, kept)

    def not_done(self) -> None:
        """Note that it certainly did not happen; does not touch what a later attempt has begun or a person said."""
        self._settle(Effect.State.NOT_DONE, None, claim_no=self._row.claim_no, state__in=OPEN)

    def _settle(self, state: Effect.State, result: Any, **guard: Any) -> None:
        if self.done:
            return
        self._row.state, self._row.result = state, result
        for pause in _PAUSES:
            try:
                self._write(guard)
            except (OperationalError, InterfaceError):
                if connection.in_atomic_block or pause is None:
                    raise
                connection.close()  # what happened and is not written down would happen again
                time.sleep(pause)
            else:
                return

    def _write(self, guard: dict[str, Any]) -> None:
        row = self._row
        row.settled_at = db_now()
        rows = Effect.objects.filter(id=row.id, **guard)
        rows.update(state=row.state, result=row.result, settled_at=row.settled_at, settled_by="", settle_note="")


@contextmanager
def effect(run: TaskRun, held: Claim, key: str, *, is_idempotent: bool) -> Iterator[Handle]:
    """Guard one side effect; raises EffectUnknown where only a person can say whether it happened.

    Raises RuntimeError inside a transaction of the handler, whose rollback would forget what has happened.
    """
    if not key or len(key) > _KEY_LIMIT:
        raise ValueError(f"an effect's key has 1 to {_KEY_LIMIT} characters")
    handle = Handle(_begin(run, held, key, is_idempotent=is_idempotent))
    yield handle
    if not handle.done and handle._row.state == Effect.State.INTENT:
        handle.confirm()


def _begin(run: TaskRun, held: Claim, key: str, *, is_idempotent: bool) -> Effect:
    root = run.root_run_id or run.id
    unknown = None
    with transaction.atomic(durable=True):
        if not TaskRun.objects.select_for_update().filter(**held.guard).exists():
            raise RunStopped("the claim on the run is lost")
        fresh = {
            **BEGUN_ANEW,
            "is_idempotent": is_idempotent,
            "run_id": run.id,
            "claim_no": held.claim_no,
            "begun_at": db_now(),
        }
        # Locked: of two retries at once, the second one reads what the first one has begun.
        row, is_new = Effect.objects.select_for_update().get_or_create(root_run_id=root, key=key, defaults=fresh)
        if is_new or row.state == Effect.State.DONE:
            return row
        if row.state != Effect.State.NOT_DONE and not is_idempotent:
            Effect.objects.filter(id=row.id).update(state=Effect.State.UNKNOWN)
            unknown = row
        else:
            for name, value in fresh.items():
                setattr(row, name, value)
            row.save()
    if unknown is not None:
        raise EffectUnknown(
            f"nobody knows whether {key!r}, begun at {unknown.begun_at:%Y-%m-%d %H:%M:%S} UTC, happened"
        )
    return row
