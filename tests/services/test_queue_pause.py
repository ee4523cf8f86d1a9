"""A paused queue gives nothing out, from the very moment of its pause."""

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Queue
from tasks_app.services import claiming
from tasks_app.services.queues import queue_pause, queue_resume
from tests import runs

pytestmark = pytest.mark.django_db


def test_nothing_is_claimed_from_a_paused_queue(alice: User, valkey: str) -> None:
    queue = Queue.objects.create(name="held")
    run = runs.make_run(alice, queue="held")
    queue_pause(queue=queue, actor="user:alice")
    assert claiming.claim_next(queues=["held"], worker="w", lease_seconds=60) is None
    assert claiming.has_eligible(["held"]) is None
    queue_resume(queue=queue, actor="user:alice")
    claimed = claiming.claim_next(queues=["held"], worker="w", lease_seconds=60)
    assert claimed is not None
    assert claimed.id == run.id
