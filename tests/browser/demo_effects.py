"""A run with side effects, one of them unknown: `python -m tests.browser.demo_effects` prints its id."""

from datetime import timedelta

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # needs the settings

from tasks_app.models import Effect, RunAttempt, RunEvent, TaskRun, db_now  # noqa: E402
from tasks_app.services.specs import TaskSpec  # noqa: E402
from tasks_app.services.tasks import task_create  # noqa: E402

WORKER = "carillon@tower"
ERROR = "nobody knows whether 'charge:4713', begun at 2026-11-29 08:12:41 UTC, happened"
EFFECTS = (("charge:4711", "done"), ("charge:4712", "done"), ("charge:4713", "unknown"), ("charge:4714", "not_done"))


def fill() -> str:
    """Write it all; gives the id of the run."""
    owner, now = User.objects.filter(is_superuser=True).earliest("pk"), db_now()
    spec = TaskSpec(name="Charge the deposits", type="probe.effect", payload={"ledger": "/dev/null"})
    task = task_create(owner=owner, spec=spec, actor=f"user:{owner.username}")
    run = TaskRun.objects.create(
        task=task, owner=owner, type=task.type, payload=task.payload, trigger="manual", actor=f"user:{owner.username}",
        status="failed", reason="effect_unknown", version=3, failures=1, crashes=1, claim_no=2, worker=WORKER,
        scheduled_for=now, queued_at=now - timedelta(minutes=4), started_at=now - timedelta(minutes=3),
        finished_at=now - timedelta(minutes=3), error=ERROR,
    )  # fmt: skip
    for number, outcome, said in ((1, "worker_lost", "the worker process 4711 died"), (2, "effect_unknown", ERROR)):
        RunAttempt.objects.create(
            run=run, claim_no=number, number=number, outcome=outcome, error=said, worker=WORKER, finished_at=now
        )
    moves = (("", "queued", "due"), ("queued", "running", ""), ("running", "failed", "effect_unknown"))
    for version, (source, target, reason) in enumerate(moves, 1):
        RunEvent.objects.create(
            run=run, version=version, source=source, target=target, reason=reason, actor=f"worker:{WORKER}",
            at=now - timedelta(minutes=4 - version // 2),
        )  # fmt: skip
    for number, (key, state) in enumerate(EFFECTS):
        begun = now - timedelta(minutes=4, seconds=-number)
        Effect.objects.create(root_run_id=run.id, key=key, state=state, run_id=run.id, claim_no=1, begun_at=begun)
    return str(run.id)


if __name__ == "__main__":
    print(fill())
