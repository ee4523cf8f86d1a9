"""Queues, API keys, and rows that only the platform writes."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from tasks_app.models import ApiKey, AuditEntry, Beat, Effect, Queue, RunEvent, StoredFile, Worker
from tasks_app.services.api_keys import api_key_create, api_key_find
from tests.admin.conftest import Exhibits
from tests.admin.pages import address, press, read, select, told


def test_a_queue_is_paused_and_resumed(desk: Client, queue: Queue) -> None:
    other = Queue.objects.create(name="critical", rank=0)
    assert select(desk, Queue, "pause", queue, other) == ["critical, default: paused."]
    queue.refresh_from_db()
    assert queue.paused_at is not None
    assert queue.paused_by == "user:staff"
    Queue.objects.filter(name="default").update(pause_note="disks are full")
    assert "disks are full" in read(desk, address(Queue, "change", "default"))
    assert press(desk, queue, "resume") == ["default: resumed."]
    assert Queue.objects.get(name="default").paused_at is None
    assert select(desk, Queue, "resume", queue) == ["default: was not paused."]


def test_a_queue_is_paused_with_a_word_about_why(desk: Client, queue: Queue) -> None:
    url = address(Queue, "pause_here", "default")
    refused = desk.post(url, {"_form_submitted": "True", "note": "x" * 501})
    assert refused.status_code == 200
    assert "at most 500 characters" in refused.content.decode()
    assert Queue.objects.get(name="default").paused_at is None
    assert press(desk, queue, "pause", note="disks are <full>") == ["default: paused."]
    assert Queue.objects.get(name="default").pause_note == "disks are <full>"
    assert AuditEntry.objects.get(action="queue.pause").note == "disks are <full>"
    assert 'name="note"' not in desk.get(address(Queue, "resume_here", "default")).content.decode()
    press(desk, queue, "resume")
    press(desk, queue, "pause")
    assert Queue.objects.get(name="default").pause_note == ""


def test_a_queue_is_added_with_a_name_that_a_worker_can_serve(desk: Client, db: None) -> None:
    fields = {"name": "reports.slow", "rank": 30, "description": ""}
    for bad in ("", "two words", "a/b", "default\n"):
        response = desk.post(address(Queue, "add"), {**fields, "name": bad})
        assert response.status_code == (302 if bad.strip() == "default" else 200), bad
    told(desk.post(address(Queue, "add"), fields))
    assert Queue.objects.get(name="reports.slow").rank == 30


def test_a_queue_keeps_its_name_and_stays(desk: Client, queue: Queue) -> None:
    fields = {"name": "other", "rank": 5, "description": "x", "paused_at": "2026-01-01", "paused_by": "me"}
    told(desk.post(address(Queue, "change", "default"), fields))
    assert list(Queue.objects.values_list("name", "rank", "paused_at", "paused_by")) == [("default", 5, None, "")]
    assert desk.post(address(Queue, "delete", "default"), {"post": "yes"}).status_code == 403


def test_a_key_is_revoked(desk: Client, alice: User) -> None:
    key, plain = api_key_create(user=alice, name="ci", scope=ApiKey.Scope.READ)
    assert api_key_find(plain) is not None
    assert press(desk, key, "revoke") == ["ci: revoked."]
    assert api_key_find(plain) is None
    assert "revoked" in read(desk, address(ApiKey, "changelist"))
    assert select(desk, ApiKey, "revoke", key) == ["ci: was revoked already."]


@pytest.mark.parametrize("model", [Worker, Beat, Effect, StoredFile, ApiKey])
def test_what_the_platform_writes_is_only_read(desk: Client, model: type[Model], exhibits: Exhibits) -> None:
    row = exhibits.rows[model]
    before = model._default_manager.values().get(pk=row.pk)
    assert desk.post(address(model, "change", row.pk), {"name": "other"}).status_code == 403
    assert desk.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.values().get(pk=row.pk) == before


@pytest.mark.parametrize(
    ("deed", "state", "said"),
    [("happened", "done", "noted: it happened."), ("not_happened", "not_done", "noted: it did not happen.")],
)
def test_an_unknown_effect_is_settled(deed: str, state: str, said: str, desk: Client, exhibits: Exhibits) -> None:
    effect = exhibits.rows[Effect]
    assert f"{effect.pk}/{deed.replace('_', '-')}/" in read(desk, address(Effect, "change", effect.pk))
    assert press(desk, effect, deed, note="asked the bank")[0].endswith(said)
    row = Effect.objects.get(pk=effect.pk)
    assert (row.state, row.settled_by, row.settle_note) == (state, "user:staff", "asked the bank")
    assert RunEvent.objects.get(target="settled").run_id == row.run_id
    assert f"{effect.pk}/{deed.replace('_', '-')}/" not in read(desk, address(Effect, "change", effect.pk))
    assert "known already" in select(desk, Effect, "happened", effect)[0]


def test_a_worker_that_says_nothing_is_shown_as_silent(desk: Client, exhibits: Exhibits) -> None:
    url = address(Worker, "changelist")
    assert "alive" in read(desk, url)
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert "silent" in read(desk, url)
    Worker.objects.update(stopped_at=timezone.now())
    assert "stopped" in read(desk, url)
