"""A plain Celery task of somebody's code base, run by a real worker."""

import pytest

from tests.live import inside
from tests.live.platform import Platform

pytestmark = pytest.mark.live
TASK = "tests.probes.tasks.flaky"


def test_a_plain_celery_task_is_retried_logged_and_remembered(platform: Platform) -> None:
    platform.do(inside.permit, "run_celery_task")
    payload = {"task": TASK, "arguments": {"customer": 7}}
    run = platform.do(inside.enqueue, "celery_task", payload)
    story = platform.ended(run)
    assert story.status == "succeeded", story.error
    assert story.result == {"customer": 7, "id": str(run), "retries": 1}
    assert [(attempt.number, attempt.error) for attempt in story.attempts] == [
        (1, "ConnectionError: the printer is busy")
    ]
    assert platform.do(inside.log_lines, run) == [
        ("info", "invoice for customer 7, retry 0"),
        ("warning", "by any logger"),
        ("info", "invoice for customer 7, retry 1"),
        ("warning", "by any logger"),
    ]


def test_a_celery_task_that_never_asks_can_be_stopped(platform: Platform) -> None:
    platform.do(inside.permit, "run_celery_task")
    payload = {"task": TASK, "arguments": {"customer": 8, "seconds": 60}}
    run = platform.do(inside.enqueue, "celery_task", payload)
    platform.until(run, lambda story: story.status == "running" and story.failures == 1)
    platform.do(inside.cancel, run)
    assert platform.ended(run).ending == ("cancelled", "user")
