"""Rows by the hundred thousand: what is poured in is what Django would write."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import Error, IntegrityError, transaction

from tasks_app.models import TaskRun
from tasks_app.models.ids import new_id
from tasks_app.models.pouring import Kind, pour_rows
from tests import runs

pytestmark = pytest.mark.django_db

SLOT = datetime(2027, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
TEXTS = ["", "plain", "a\tb\nc\rd\\e", "\\N", "\\.", "ü – 漢 🙂", "\"quoted\", 'twice'", "x" * 1000, "\x0b\x0c\x08"]


def like(owner: User, **fields: Any) -> TaskRun:
    """Make the run that others are like; not saved."""
    return TaskRun(type="a\tb", trigger="api", status="queued", reason="due", owner=owner, **fields)


def columns(run: TaskRun) -> dict[str, Any]:
    return {name: value for name, value in TaskRun.objects.values().get(id=run.id).items() if name != "created_at"}


def test_each_column_reads_as_the_one_that_django_writes(alice: User) -> None:
    payload = {"text": TEXTS, "at": SLOT, "none": None, "yes": True, "one": 1.0}
    east = SLOT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    task = runs.make_task(alice)
    base = like(alice, task=task, payload=payload, tags=["x\ty"], is_serial=True, retry=None, queued_at=east)
    own: dict[str, Any] = {"error": TEXTS, "slot": [SLOT + timedelta(minutes=n) for n, _ in enumerate(TEXTS)]}
    own |= {"id": [new_id() for _ in TEXTS], "result": [None, {}, [], 0, False, "", "a\\b\n", {"a": ["\\n"]}, 1.5]}
    pour_rows([Kind(base, own)])
    for n, id in enumerate(own["id"]):
        poured = TaskRun.objects.get(id=id)
        twin = like(alice, payload=payload, tags=["x\ty"], is_serial=True, retry=None, queued_at=east)
        twin.task, twin.error, twin.slot, twin.result = task, own["error"][n], own["slot"][n], own["result"][n]
        wanted = columns(poured) | {"id": twin.id}
        poured.delete()
        twin.save()
        assert columns(twin) == wanted


def test_kinds_differ_by_what_they_are_like(alice: User, bob: User) -> None:
    ids = [new_id() for _ in range(7)]
    pour_rows(iter([Kind(like(alice), {"id": ids[:4]}), Kind(like(bob, priority=9), {"id": ids[4:]})]))
    found = TaskRun.objects.order_by("id").values_list("id", "owner", "priority")
    assert list(found) == [(id, alice.pk if n < 4 else bob.pk, 5 if n < 4 else 9) for n, id in enumerate(ids)]


def test_none_is_inserted_where_one_is_refused(alice: User) -> None:
    id = new_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        pour_rows([Kind(like(alice), {"id": [new_id(), id]}), Kind(like(alice), {"id": [id]})])
    with pytest.raises((Error, UnicodeError)), transaction.atomic():
        pour_rows([Kind(like(alice), {"id": [new_id(), id], "error": ["", "half \udce9"]})])
    assert not TaskRun.objects.exists()


def test_nothing_is_poured_from_nothing() -> None:
    pour_rows([])
    assert not TaskRun.objects.exists()
