"""The same outside world as for the kinds."""

import pytest

from tasks_app.handlers import celery as offering
from tests.kinds import celery_tasks
from tests.kinds.conftest import mailbox, service

__all__ = ["mailbox", "service"]


@pytest.fixture(autouse=True)
def _offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the Celery tasks of the examples."""
    monkeypatch.setattr(offering, "_offers", {})
    for task in (celery_tasks.add, celery_tasks.send_invoice):
        offering.offer_task(task.name)
