"""The note on a paused queue, which may be changed while it is paused."""

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Queue
from tests.web.conftest import signed_in
from tests.web.reading import filled, text, value

pytestmark = pytest.mark.usefixtures("empty_redis")


def test_the_note_on_a_paused_queue_is_changed_and_nothing_else(bob: User, admin: User) -> None:
    as_bob, as_ada = signed_in(bob), signed_in(admin)
    asked_before = as_ada.get("/queues/default/pause/")
    as_bob.post("/queues/default/pause/")
    assert "Add a note" in text(as_bob.get("/queues/"))
    paused_at = Queue.objects.get(name="default").paused_at
    as_ada.post("/queues/default/pause/", {**filled(as_ada.get("/queues/default/pause/")), "note": "disks are full"})
    shown = as_bob.get("/queues/").content.decode()
    assert 'href="/queues/default/pause/">Change the note<' in shown
    page = as_ada.get("/queues/default/pause/")
    assert "It stays paused; only the note changes." in text(page)
    assert value(page, "note") == "disks are full"
    as_ada.post("/queues/default/pause/", filled(asked_before))
    assert Queue.objects.get(name="default").pause_note == "disks are full", "an old question without a word keeps it"
    told = text(as_ada.post("/queues/default/pause/", {**filled(page), "note": "at noon"}, follow=True))
    assert "The note is kept; “default” stays paused." in told
    assert "paused by bob" in told
    assert "“at noon”" in told
    assert Queue.objects.get(name="default").paused_at == paused_at
    assert "at noon" in text(as_ada.get("/settings/audit/?action=queue.update"))
    as_bob.post("/queues/default/resume/")
    told = text(as_ada.post("/queues/default/pause/", {**filled(page), "note": "later"}, follow=True))
    assert "“default” has been resumed since, so there is no note to change." in told
    assert Queue.objects.get(name="default").paused_at is None
