"""A child whose handler has put off the alarm that should end it: its parent ends it, and knows why."""

import signal
import subprocess
import sys
import time

import pytest
from django.contrib.auth.models import User

from tasks_app.models import TaskRun
from tasks_app.services.execution.board import Board, Deadline, Slot
from tasks_app.services.execution.parent import Parent
from tasks_app.services.lifecycle import Claim
from tests import runs

pytestmark = pytest.mark.django_db


def test_a_child_that_outlives_its_deadline_is_ended_and_no_other(alice: User) -> None:
    board, now = Board(), time.monotonic()
    children = [subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) for _ in range(3)]
    held = [runs.hold(runs.make_run(alice)) for _ in children]
    ends = [(Deadline.HARD_LIMIT, now - 2), (Deadline.HARD_LIMIT, now + 60), (Deadline.NONE, 0.0)]
    for index, (child, claim, (deadline, ends_at)) in enumerate(zip(children, held, ends, strict=True)):
        board.write(index, Slot(index, child.pid, claim.run_id, claim.claim_no, False, deadline, ends_at))
    parent = Parent(board, name=runs.WORKER, queues=["default"], children=3, version="1")
    try:
        parent.end_overdue({child.pid for child in children})
        assert children[0].wait(10) == -signal.SIGKILL
        assert [child.poll() for child in children[1:]] == [None, None]
        parent.settle_lost({child.pid for child in children[1:]})
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert [(run.status, run.failures) for run in map(by_claim, held)] == [
        ("scheduled", 1),
        ("running", 0),
        ("running", 0),
    ]


def test_a_run_that_began_as_the_child_was_ended_for_the_one_before_is_not_charged(alice: User) -> None:
    board, now = Board(), time.monotonic()
    overdue, next_one = (runs.hold(runs.make_run(alice)) for _ in range(2))
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as child:
        first = Slot(0, child.pid, overdue.run_id, overdue.claim_no, False, Deadline.HARD_LIMIT, now - 2)
        board.write(0, first)
        parent = Parent(board, name=runs.WORKER, queues=["default"], children=1, version="1")
        parent.end_overdue({child.pid})
        board.write(0, Slot(0, child.pid, next_one.run_id, next_one.claim_no, False, Deadline.LEASE, now + 60))
    parent.settle_lost(())
    run = by_claim(next_one)
    assert (run.status, run.reason, run.crashes) == ("queued", "handed_back", 0)


def by_claim(claim: Claim) -> TaskRun:
    """Read the run of a claim."""
    return TaskRun.objects.get(id=claim.run_id)
