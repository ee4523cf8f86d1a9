"""Pausing a queue lets its runs wait; those that run go on."""

from random import Random

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Invalid
from tasks_app.models import AuditEntry, Queue
from tasks_app.services import claiming
from tasks_app.services.queues import queue_pause, queue_resume
from tests import runs

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> Queue:
    return Queue.objects.get_or_create(name="default")[0]


def claimable(*queues: Queue) -> list[str]:
    """Give the names that a child would try."""
    return sorted(claiming.queue_order(queues, busy_in_background=0, children=2, rng=Random(3)))


def test_a_paused_queue_is_passed_over_until_it_is_resumed(queue: Queue, alice: User) -> None:
    running = runs.make_run(alice)
    runs.claim(running)
    paused = queue_pause(queue=queue, actor="user:alice")
    assert paused.paused_at is not None
    assert paused.paused_by == "user:alice"
    assert claimable(paused) == []
    assert runs.fresh(running).status == "running"
    resumed = queue_resume(queue=queue, actor="user:bob")
    assert (resumed.paused_at, resumed.paused_by) == (None, "")
    assert claimable(resumed) == ["default"]


def test_a_second_pause_changes_nothing(queue: Queue) -> None:
    first = queue_pause(queue=queue, actor="user:alice").paused_at
    again = queue_pause(queue=Queue.objects.get(name="default"), actor="user:bob")
    assert (again.paused_at, again.paused_by) == (first, "user:alice")


def test_a_pause_says_why_until_it_ends(queue: Queue) -> None:
    assert queue_pause(queue=queue, actor="user:alice", note=" disks are full ").pause_note == "disks are full"
    assert queue_pause(queue=queue, actor="user:bob").pause_note == "disks are full"
    notes = AuditEntry.objects.filter(action="queue.pause").order_by("id").values_list("note", flat=True)
    assert list(notes) == ["disks are full", ""]
    with pytest.raises(Invalid, match="note"):
        queue_pause(queue=queue, actor="user:alice", note="x" * 501)
    assert queue_resume(queue=queue, actor="user:bob").pause_note == ""


def test_another_note_takes_the_place_of_the_first_and_is_audited(queue: Queue) -> None:
    first = queue_pause(queue=queue, actor="user:alice", note="disks are full").paused_at
    for note in ("the new disks come at noon", "the new disks come at noon", ""):
        again = queue_pause(queue=Queue.objects.get(name="default"), actor="user:bob", note=note)
        assert (again.pause_note, again.paused_at, again.paused_by) == (note, first, "user:alice")
    told = AuditEntry.objects.filter(action="queue.update").order_by("id").values_list("actor", "before", "after")
    assert list(told) == [
        ("user:bob", {"pause_note": "disks are full"}, {"pause_note": "the new disks come at noon"}),
        ("user:bob", {"pause_note": "the new disks come at noon"}, {"pause_note": ""}),
    ]


def test_one_queue_is_paused_and_no_other(queue: Queue) -> None:
    other = Queue.objects.get_or_create(name="critical")[0]
    queue_pause(queue=queue, actor="user:alice")
    other.refresh_from_db()
    assert other.paused_at is None
