"""The audit log as the web process serves it, where a request goes through several threads."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import AsyncClient

from tasks_app import caller
from tasks_app.models import AuditEntry
from tasks_app.services import audit


@pytest.mark.django_db(transaction=True)
async def test_a_request_is_known_in_every_thread_and_an_export_comes_in_pieces(alice: User) -> None:
    role, _ = await Group.objects.aget_or_create(name="Admin")
    await alice.groups.aadd(role)
    await AuditEntry.objects.abulk_create([audit.entry("queue.pause", name=f"q{number}") for number in range(1_100)])
    browser = AsyncClient()
    await browser.aforce_login(alice)
    changed = await browser.patch(
        "/api/me", '{"timezone": "Europe/Berlin"}', content_type="application/json", headers={"X-Request-ID": "req-9"}
    )
    assert (changed.status_code, changed["X-Request-ID"]) == (200, "req-9")
    entry = await AuditEntry.objects.aget(action="profile.update")
    assert (entry.actor, entry.request_id, entry.after) == ("user:alice", "req-9", {"timezone": "Europe/Berlin"})
    answer: Any = await browser.get("/api/audit/export?format=jsonl&actor=code")
    assert answer.is_async
    pieces = [piece async for piece in answer]
    lines = b"".join(pieces).decode().splitlines()
    assert len(pieces) > 1
    assert len([line for line in lines if json.loads(line)["action"] == "queue.pause"]) in (0, 1_100)
    assert caller.current() is None
