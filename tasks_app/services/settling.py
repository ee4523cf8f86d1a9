"""What a person found out about a side effect of which nobody knew: the only writer of such a word.

The next run of the same root then goes on from there: what happened is not done again, what did not is.
"""

from datetime import datetime

from django.db import transaction

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import Effect, RunEvent, TaskRun, db_now
from tasks_app.selectors.effects import family
from tasks_app.services import audit
from tasks_app.services.validation import checked_note
from tasks_app.states import Status

KNOWN = {Effect.State.DONE: "It happened", Effect.State.NOT_DONE: "It did not happen"}


@transaction.atomic
def effect_settle(*, run: TaskRun, effect_id: int, happened: bool, actor: str, note: str = "") -> Effect:
    """Note whether an effect of the run, or of those that it repeats, happened; stands in the history of the run.

    Raises Conflict when that is known already, or while a run that may be at it is running; NotFound when it is none of
    the run's effects, or the run is gone.
    """
    # The run before the effect, as a worker locks them.
    run = _locked(run)
    effect = Effect.objects.select_for_update().filter(id=effect_id, root_run_id=run.root_run_id or run.id).first()
    if effect is None:
        raise NotFound("This run has no such side effect.")
    _refuse_known(effect)
    # A worker that claims from here on waits for this lock before it begins the effect, and reads what was said.
    if family(effect.root_run_id).filter(status=Status.RUNNING).exists():
        raise Conflict("A run of this work is running, and may be at it right now. Wait for its end, or stop it first.")
    before = effect.state
    effect.state = Effect.State.DONE if happened else Effect.State.NOT_DONE
    now = db_now()
    effect.settled_at, effect.settled_by, effect.settle_note = now, actor[:200], checked_note(note)
    effect.save(update_fields=["state", "settled_at", "settled_by", "settle_note"])
    _record(run, effect, before, at=now)
    told = {"effect": effect.key, "state": effect.state}
    audit.note("effect.settle", run, actor=actor, before={"state": before}, after=told, note=note)
    return effect


def _locked(run: TaskRun) -> TaskRun:
    found = TaskRun.objects.select_for_update(no_key=True).filter(id=run.id).first()
    if found is None:
        raise NotFound("There is no such run any more.")
    return found


def _refuse_known(effect: Effect) -> None:
    if effect.is_open:
        return
    who = f"{effect.settled_by} has said so" if effect.settled_by else "the run itself has noted it"
    raise Conflict(f"That is known already: {KNOWN[Effect.State(effect.state)].lower()}; {who}.")


def _record(run: TaskRun, effect: Effect, before: str, *, at: datetime) -> None:
    said = f"{KNOWN[Effect.State(effect.state)]}: {effect.key}"
    RunEvent.objects.create(
        run_id=run.id,
        version=None,
        source=before,
        target="settled",
        reason=effect.state,
        actor=effect.settled_by,
        claim_no=run.claim_no,
        error=f"{said}. {effect.settle_note}".strip() if effect.settle_note else said,
        at=at,
    )
