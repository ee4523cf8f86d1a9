"""Asking something of a worker. Its parent reads that with each report, every few seconds, and obeys."""

from django.db import transaction

from tasks_app.errors import Conflict
from tasks_app.models import Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.services import audit

_ACTIONS = {Worker.Wish.QUIET: "worker.quiet", Worker.Wish.NONE: "worker.resume", Worker.Wish.STOP: "worker.stop"}


@transaction.atomic
def worker_ask(*, worker: Worker, wish: Worker.Wish, actor: str) -> Worker:
    """Ask a worker to take nothing more, to take work again, or to stop in good order.

    Asking for the same again changes nothing. Raises Conflict where nobody would hear it, or a stop is under way.
    """
    asked = Worker.objects.select_for_update().get(name=worker.name)
    if asked.stopped_at is not None:
        raise Conflict("This worker has stopped.", code="worker_stopped")
    if asked.heartbeat_at < db_now() - ALIVE:
        raise Conflict("This worker is silent: it would not hear this.", code="worker_silent")
    if asked.wish == wish:
        return asked
    if asked.wish == Worker.Wish.STOP:
        raise Conflict("This worker is stopping already.", code="worker_stopping")
    asked.wish, asked.wished_at, asked.wished_by = wish, db_now(), actor[:200]
    asked.save(update_fields=["wish", "wished_at", "wished_by"])
    audit.note(_ACTIONS[wish], asked, actor=actor)
    return asked
