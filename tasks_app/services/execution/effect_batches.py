"""Many idempotent effects begun in one transaction: two writes per hundred instead of two for each.

The guarantee is the one of `effects`: every intent is committed, under the claim, before anything happens. What a crash
leaves as an intent, begun or not, is tried again with the same id.
"""

import uuid
from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import Q

from tasks_app.errors import RetryLater, RunStopped
from tasks_app.models import Effect, TaskRun, db_now
from tasks_app.services.execution.effects import BEGUN_ANEW, Handle
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Status

_BUSY_SECONDS = 15.0
Reserve = Callable[[int], int]


def begin_batch(run: TaskRun, held: Claim, keys: Sequence[str], reserve: Reserve | None) -> list[Handle]:
    """Begin the effects and give their handles in order; `reserve` may say that only the first so many new ones may.

    `reserve(n)` is asked inside the transaction, with the number of effects that nothing is known of yet or that
    certainly did not happen; the handles end before the first that it has no room for. Raises RetryLater while another
    retry of the same run is at work on one of them.
    """
    root = run.root_run_id or run.id
    with transaction.atomic(durable=True):
        if not TaskRun.objects.select_for_update().filter(**held.guard).exists():
            raise RunStopped("the claim on the run is lost")
        known = _known(root, keys)  # locked, so that of two retries at once the second reads what the first has begun
        fresh = [key for key in keys if key not in known or known[key].state == Effect.State.NOT_DONE]
        room = reserve(len(fresh)) if reserve and fresh else len(fresh)
        begun = list(keys) if room >= len(fresh) else list(keys[: keys.index(fresh[room])])
        _write_intents(run, held, root, begun, known)
        rows = _known(root, begun)
        _refuse_foreign(rows, run)
    return [Handle(rows[key]) for key in begun]


def _known(root: uuid.UUID, keys: Sequence[str]) -> dict[str, Effect]:
    rows = Effect.objects.select_for_update().filter(root_run_id=root, key__in=keys).order_by("id")
    return {row.key: row for row in rows}


def _write_intents(run: TaskRun, held: Claim, root: uuid.UUID, keys: list[str], known: dict[str, Effect]) -> None:
    now = db_now()
    mine = {
        **BEGUN_ANEW,
        "is_idempotent": True,
        "run_id": run.id,
        "claim_no": held.claim_no,
        "begun_at": now,
    }
    _refuse_foreign({key: known[key] for key in keys if key in known}, run)
    again = [known[key].id for key in keys if key in known and known[key].state != Effect.State.DONE]
    if again:
        Effect.objects.filter(id__in=again).exclude(state=Effect.State.DONE).update(**mine)
    new = [Effect(root_run_id=root, key=key, **mine) for key in keys if key not in known]
    # Another retry of the same run may have come first: its rows are then read back, and recognised.
    Effect.objects.bulk_create(new, ignore_conflicts=True)


def _refuse_foreign(rows: dict[str, Effect], run: TaskRun) -> None:
    """Leave alone what another run of the same root has begun and still works on."""
    foreign = {row.run_id for row in rows.values() if row.state == Effect.State.INTENT and row.run_id != run.id}
    if foreign and TaskRun.objects.filter(Q(id__in=foreign), status=Status.RUNNING).exists():
        raise RetryLater(_BUSY_SECONDS, "Another retry of this run is sending right now; this one waits for it.")
