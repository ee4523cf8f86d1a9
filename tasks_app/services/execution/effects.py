"""Side effects that happen once per root run: intent before, confirmation after, `unknown` in between.

A crash between the two leaves an intent. The next attempt sends an idempotent effect again, with the same id; any other
becomes `unknown`, and the run ends for a person to look at, whose word `services/settling` writes.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from tasks_app.errors import EffectUnknown, RunStopped
from tasks_app.handlers.secrecy import hide_in
from tasks_app.models import Effect, TaskRun, db_now
from tasks_app.services.execution.attempt import Attempt
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
        """Note that it certainly did not happen; does not touch what was begun otherwise or a person said."""
        begun = {"claim_no": self._row.claim_no, "begun_at": self._row.begun_at}
        self._settle(Effect.State.NOT_DONE, None, **begun, state__in=OPEN)

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


class Guarded(AbstractContextManager[Handle]):
    """One side effect, whose intent is written when its block begins.

    As long as the block has not begun nothing has happened: whatever ends the attempt until then, the intent is taken
    back, for it may stand there. A class, because a generator is not asked once more between its `yield` and the block.
    """

    def __init__(self, write_intent: Callable[[list[Effect]], Effect], attempt: Attempt | None) -> None:
        self._write_intent, self._attempt = write_intent, attempt

    def __enter__(self) -> Handle:
        """Begin it; raises EffectUnknown where only a person can say whether it happened."""
        begun: list[Effect] = []
        try:
            self._handle = Handle(self._write_intent(begun))
            if self._attempt is not None:
                self._attempt.check_wish()
            return self._handle
        except BaseException:
            for row in begun:
                self._take_back(Handle(row))
            raise

    def _take_back(self, handle: Handle) -> None:
        """Take the intent back; while the database is away, leave it to the end of the attempt."""
        try:
            handle.not_done()
        except (OperationalError, InterfaceError):
            if self._attempt is not None:
                self._attempt.to_take_back.append(handle.not_done)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Confirm it, if the block has ended well and has said nothing else."""
        if kind is None and not self._handle.done and self._handle._row.state == Effect.State.INTENT:
            self._handle.confirm()


def effect(run: TaskRun, held: Claim, key: str, *, is_idempotent: bool, attempt: Attempt | None = None) -> Guarded:
    """Guard one side effect; raises EffectUnknown where only a person can say whether it happened.

    Raises RuntimeError inside a transaction of the handler, whose rollback would forget what has happened.
    """
    if not key or len(key) > _KEY_LIMIT:
        raise ValueError(f"an effect's key has 1 to {_KEY_LIMIT} characters")
    return Guarded(lambda begun: _write_intent(run, held, key, is_idempotent, begun), attempt)


def _write_intent(run: TaskRun, held: Claim, key: str, is_idempotent: bool, begun: list[Effect]) -> Effect:
    """Write it; before the commit `begun` names the effect, if no earlier attempt may have done it."""
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
        if is_new or row.state == Effect.State.NOT_DONE:
            begun.append(row)
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
