"""A plain Celery task, as an existing code base has it: it knows nothing of runs."""

import logging
import time
from typing import Any

from celery import Task, shared_task
from celery.utils.log import get_task_logger

logger = get_task_logger(__name__)


@shared_task(bind=True, max_retries=2)
def flaky(self: "Task[..., Any]", customer: int, seconds: float = 0) -> dict[str, Any]:
    """Fail once for now, then work."""
    retries = self.request.retries
    logger.info("invoice for customer %s, retry %s", customer, retries)
    logging.getLogger("billing").warning("by any logger")
    if not retries:
        raise self.retry(exc=ConnectionError("the printer is busy"), countdown=0.2)
    time.sleep(seconds)
    return {"customer": customer, "id": self.request.id, "retries": retries}
