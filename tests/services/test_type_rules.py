"""Rules of task types: restricted ones need a permission, fixed fields are the same for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pydantic import BaseModel

from tasks_app.errors import Invalid
from tasks_app.handlers.locks import differing, masked_locks, with_locked, without_locked
from tasks_app.handlers.masking import MASK, SEALED
from tasks_app.models import ScheduledTask, TypeRule
from tasks_app.services.roles import roles_ensure
from tasks_app.services.runs import run_enqueue
from tasks_app.services.sealed_payloads import opened_locks, opened_payload
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_update
from tasks_app.services.type_rules import type_rule_save
from tests import runs
from tests.handler_types import declared, execute

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
URL = "https://example.org/"


class Inner(BaseModel):
    """A part that may be left out."""

    depth: int = 1


class Letter(BaseModel):
    """What a test sends."""

    to: str
    size: int = 1
    loud: bool = False
    inner: Inner | None = None


def fix(locked: dict[str, Any], type: str = "http_request", **more: Any) -> TypeRule:
    return type_rule_save(type=type, locked=locked, actor="user:ada", **{"is_restricted": False, **more})


def refused(deed: Callable[[], Any]) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as error:
        deed()
    return {path: [one.code for one in found] for path, found in error.value.fields.items()}


def make(owner: User, **payload: Any) -> ScheduledTask:
    spec = TaskSpec(name="t", type="http_request", payload={"url": URL, **payload})
    return task_create(owner=owner, spec=spec, actor="tests")


def test_a_saved_payload_has_what_is_fixed(alice: User) -> None:
    fix({"timeout_seconds": 7, "headers.X-Team": "shop"})
    expected = {"url": URL, "timeout_seconds": 7, "headers": {"X-Team": "shop", "Accept": "a/b"}}
    assert make(alice, headers={"Accept": "a/b"}).payload == expected
    assert make(alice, headers={"Accept": "a/b"}, timeout_seconds=7).payload == expected


@pytest.mark.parametrize(
    ("given", "path"),
    [({"timeout_seconds": 8}, "timeout_seconds"), ({"headers": {"X-Team": "me"}}, "headers.X-Team")],
)
def test_another_value_is_a_fault_at_its_field(alice: User, given: dict[str, Any], path: str) -> None:
    fix({"timeout_seconds": 7, "headers.X-Team": "shop"})
    assert refused(lambda: make(alice, **given)) == {f"payload.{path}": ["locked"]}
    job = {"url": URL, **given}
    assert refused(lambda: run_enqueue(owner=alice, type="http_request", payload=job, actor="tests")) == {
        f"payload.{path}": ["locked"]
    }


def test_a_fixed_secret_may_come_back_as_its_mask(alice: User) -> None:
    fix({"headers.X-Api-Key": "s3cret"})
    assert opened_payload(make(alice, headers={"X-Api-Key": MASK}))["headers"] == {"X-Api-Key": "s3cret"}


def test_a_fixed_secret_is_sealed_in_the_rule_and_goes_into_runs_as_it_is(alice: User) -> None:
    fix({"headers.X-Api-Key": "s3cret", "headers.Accept": "a/b"})
    stored = TypeRule.objects.get().locked
    assert (SEALED in stored["headers.X-Api-Key"], stored["headers.Accept"]) == (True, "a/b")
    fix({"headers.X-Api-Key": MASK, "headers.Accept": "a/b"})
    assert opened_payload(make(alice))["headers"] == {"X-Api-Key": "s3cret", "Accept": "a/b"}


def test_an_edit_that_leaves_the_payload_alone_is_not_held_against_a_new_rule(alice: User) -> None:
    task = make(alice, timeout_seconds=8)
    fix({"timeout_seconds": 7})
    assert task_update(task=task, changes={"name": "new"}, actor="tests").payload["timeout_seconds"] == 8
    with pytest.raises(Invalid):
        task_update(task=task, changes={"payload": {"url": URL, "timeout_seconds": 9}}, actor="tests")


def test_a_run_has_what_is_fixed_when_it_starts(alice: User) -> None:
    seen: list[Letter] = []
    with declared(lambda ctx, letter: seen.append(letter), payload=Letter) as name:
        run = runs.make_run(alice, type=name, payload={"to": "a", "size": 5})
        fix({"size": 2, "to": "b"}, type=name)
        execute(run)
        TypeRule.objects.all().delete()
        execute(runs.make_run(alice, type=name, payload={"to": "a", "size": 5}))
    assert [(letter.to, letter.size) for letter in seen] == [("b", 2), ("a", 5)]
    assert runs.fresh(run).payload == {"to": "a", "size": 5}


def test_a_restricted_type_is_asked_for_again_before_each_run(alice: User) -> None:
    calls: list[int] = []
    with declared(lambda ctx, payload: calls.append(1)) as name:
        roles_ensure()
        right = Permission.objects.get(codename=f"schedule_{name.replace('.', '_')}")
        waiting, allowed = runs.make_run(alice, type=name), runs.make_run(alice, type=name)
        TypeRule.objects.create(type=name, is_restricted=True)
        execute(waiting)
        alice.user_permissions.add(right)
        execute(allowed)
    done = runs.fresh(waiting)
    assert (done.status, done.reason) == ("failed", "handler_error")
    assert "You may not use" in done.error
    assert runs.fresh(allowed).status == "succeeded"
    assert calls == [1]


@pytest.mark.parametrize(
    ("locked", "faults"),
    [
        ({"nothing": 1}, {"locked.nothing": ["unknown_field"]}),
        ({"url.host": "a"}, {"locked.url.host": ["unknown_field"]}),
        ({"": 1}, {"locked.": ["unknown_field"]}),
        ({"timeout_seconds": "soon"}, {"locked.timeout_seconds": ["int_type"]}),
        ({"timeout_seconds": 9000}, {"locked.timeout_seconds": ["less_than_equal"]}),
        ({"headers": {}, "headers.A": "b"}, {"locked.headers.A": ["contradiction"]}),
        ({"headers.A": 1}, {"locked.headers.A": ["string_type"]}),
        ([], {"locked": ["type"]}),
    ],
)
def test_a_rule_is_checked_against_the_schema(db: None, locked: Any, faults: dict[str, list[str]]) -> None:
    assert refused(lambda: fix(locked)) == faults
    assert not TypeRule.objects.exists()


@pytest.mark.parametrize("name", ["nothing", "celery_backend"])
def test_a_rule_is_for_a_type_that_people_use(db: None, name: str) -> None:
    assert refused(lambda: fix({}, type=name)) == {"type": ["unknown"]}


def test_a_mask_keeps_the_secret_of_the_rule(db: None) -> None:
    fix({"headers.X-Api-Key": "s3cret"})
    fixed = fix({"headers.X-Api-Key": MASK, "timeout_seconds": 3}).locked
    assert opened_locks("http_request", fixed)["headers.X-Api-Key"] == "s3cret"
    assert TypeRule.objects.get().updated_by == "user:ada"


def test_nothing_is_put_into_a_part_that_was_left_out() -> None:
    locked = {"inner.depth": 3}
    assert with_locked(Letter, {"to": "a"}, locked) == {"to": "a"}
    assert with_locked(Letter, {"to": "a", "inner": None}, locked) == {"to": "a", "inner": None}
    assert with_locked(Letter, {"to": "a", "inner": {}}, locked) == {"to": "a", "inner": {"depth": 3}}


def test_fixed_fields_are_told_apart_taken_out_and_masked() -> None:
    assert list(differing(Letter, {"loud": 1}, {"loud": True})) == ["loud"]
    assert list(differing(Letter, {"loud": True}, {"loud": True, "size": 2})) == []
    assert without_locked({"to": "a", "inner": {"depth": 2}}, {"inner.depth": 1}) == {"to": "a", "inner": {}}
    assert masked_locks(None, {"api_key": "abc", "size": 2}) == {"api_key": MASK, "size": 2}
