"""Secrets in payloads lie sealed in the database, reach the handler as given, and stay out of what is said."""

import base64
import json
from io import StringIO
from typing import Annotated, Any
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from pydantic import BaseModel
from pytest_django import Settings

from tasks_app.errors import Invalid
from tasks_app.handlers import Permanent, RunContext
from tasks_app.handlers.masking import MASK, SEALED, Masked
from tasks_app.models import Effect, Queue, RunAttempt, RunEvent, RunLog, ScheduledTask, TaskRun
from tasks_app.services.credentials import headers_for
from tasks_app.services.runs import run_enqueue
from tasks_app.services.sealed_payloads import opened_payload, sealed_payload
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_duplicate, task_run_now, task_update
from tests import runs
from tests.handler_types import declared, execute
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "canary/71 ä"
PAYLOAD = {"url": "https://example.org/", "headers": {"Authorization": "Bearer canary-71", "Accept": "text/plain"}}


class Calling(BaseModel):
    password: Annotated[str, Masked()] = ""
    text: str = ""


def ended(owner: User, function: Any, **options: Any) -> TaskRun:
    """Run a handler that is given a password."""
    values, policies = options.pop("payload", {}), {"max_retries": options.pop("max_retries", 3)}
    with declared(function, payload=Calling) as name:
        run = runs.make_run(owner, type=name, payload=sealed_payload(name, values), **policies)
        execute(run)
    return runs.fresh(run)


@pytest.fixture(autouse=True)
def queues(db: None) -> None:
    """The one queue that these use."""
    Queue.objects.get_or_create(name="default")


@pytest.fixture
def task(alice: User) -> ScheduledTask:
    """A task whose header holds a secret."""
    spec = TaskSpec(name="Call", type="http_request", payload=PAYLOAD)
    return task_create(owner=alice, spec=spec, actor="tests")


def stored_text(row: ScheduledTask | TaskRun) -> str:
    """The payload as the database has it."""
    with connection.cursor() as cursor:
        key = row._meta.pk.get_db_prep_value(row.pk, connection)
        cursor.execute(f"SELECT payload FROM {row._meta.db_table} WHERE id = %s", [key])  # our table
        return str(cursor.fetchone()[0])


def test_a_secret_is_sealed_in_every_row_and_all_else_is_readable(task: ScheduledTask, alice: User) -> None:
    rows: list[ScheduledTask | TaskRun] = [
        task,
        task_run_now(task=task, actor="tests"),
        task_duplicate(task=task, owner=alice, actor="tests"),
    ]
    rows.append(run_enqueue(owner=alice, type="http_request", payload=PAYLOAD, actor="tests"))
    for row in rows:
        text = stored_text(row)
        assert "canary" not in text
        assert SEALED in text
        assert "text/plain" in text
        assert opened_payload(row)["headers"] == PAYLOAD["headers"]


def test_an_edit_that_leaves_it_alone_writes_nothing(task: ScheduledTask) -> None:
    before, version = stored_text(task), task.version
    edited = task_update(task=task, changes={"payload": opened_payload(task)}, actor="tests")
    assert (stored_text(task), edited.version) == (before, version)


def test_a_copied_ciphertext_is_not_taken_from_anybody(task: ScheduledTask, alice: User) -> None:
    copied = ScheduledTask.objects.get().payload["headers"]["Authorization"]
    for payload in ({"url": "https://example.org/", "headers": {"Authorization": copied}}, {"url": copied}):
        with pytest.raises(Invalid) as caught:
            run_enqueue(owner=alice, type="http_request", payload=payload, actor="tests")
        assert "sealed" in {fault.code for faults in caught.value.fields.values() for fault in faults}


def test_what_was_stored_before_is_read_as_it_is(alice: User) -> None:
    assert opened_payload(runs.make_run(alice, payload=PAYLOAD)) == PAYLOAD


def test_reencrypt_seals_payloads_with_the_first_key(settings: Settings, alice: User) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.FIELD_KEYS = [old]
    spec = TaskSpec(name="Call", type="http_request", payload=PAYLOAD)
    task = task_create(owner=alice, spec=spec, actor="tests")
    run = task_run_now(task=task, actor="tests")
    settings.FIELD_KEYS = [new, old]
    out = StringIO()
    call_command("reencrypt", stdout=out)
    assert out.getvalue() == "3 secrets are encrypted with the first key\n", "task, its version, and run"
    settings.FIELD_KEYS = [new]
    for row in (task, run):
        row.refresh_from_db()
        assert opened_payload(row)["headers"] == PAYLOAD["headers"]


def test_a_lost_key_ends_the_run_with_a_sentence(settings: Settings, alice: User, valkey: str) -> None:
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    run = run_enqueue(owner=alice, type="http_request", payload=PAYLOAD, actor="tests")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    execute(run)
    run.refresh_from_db()
    assert (run.status, run.reason) == ("failed", "invalid_payload")
    assert "FIELD_KEYS" in run.error


def everything_said(run: TaskRun) -> str:
    """All that the database has of a run but its payload."""
    rows = [run, *RunAttempt.objects.filter(run=run), *RunLog.objects.filter(run_id=run.id)]
    rows += [*RunEvent.objects.filter(run_id=run.id), *Effect.objects.filter(run_id=run.id)]
    return json.dumps([{**vars(row), "_state": None, "payload": None} for row in rows], default=str, ensure_ascii=False)


SPELLINGS = (CANARY, quote_plus(CANARY), quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode())


@pytest.mark.parametrize("error", [RuntimeError, Permanent])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_error_that_quotes_a_secret_is_stored_without_it(
    error: type[Exception], spelling: str, alice: User, valkey: str
) -> None:
    def leak(ctx: RunContext, payload: Calling) -> Any:
        ctx.log(f"sending {spelling}")
        ctx.progress(1, 2, f"with {spelling}")
        with ctx.effect("call") as handle:
            handle.confirm({"sent": spelling})
        raise error(f"the server did not like {spelling} at all") from ValueError(spelling)

    run = ended(alice, leak, payload={"password": CANARY}, max_retries=0)
    assert run.status == "failed"
    said = everything_said(run)
    assert spelling not in said
    assert "the server did not like" in said
    assert said.count(MASK) >= 5


def test_a_result_that_repeats_a_secret_is_stored_without_it(alice: User, valkey: str) -> None:
    run = ended(alice, lambda ctx, payload: {"echo": [payload.password], "n": 1}, payload={"password": CANARY})
    assert run.result == {"echo": [MASK], "n": 1}


@pytest.mark.parametrize("kind", ["bearer", "basic", "header"])
def test_a_credential_that_the_run_opened_is_hidden_as_well(kind: str, alice: User, valkey: str) -> None:
    credential = make_credential(alice, kind)
    headers: dict[str, str] = {}

    def leak(ctx: RunContext, payload: Any) -> Any:
        headers.update(headers_for(credential, "https://api.example.com/"))
        raise RuntimeError(f"401 for {headers}, that is {SECRET}")

    run = ended(alice, leak, max_retries=0)
    said = everything_said(run)
    assert "401 for" in said
    assert SECRET not in said
    assert not any(value.removeprefix("Bearer ").removeprefix("Basic ") in said for value in headers.values())


def test_one_run_does_not_hide_what_another_was_given(alice: User, valkey: str) -> None:
    ended(alice, lambda ctx, payload: None, payload={"password": "ordinary"})
    run = ended(alice, lambda ctx, payload: payload.text, payload={"text": "an ordinary day"})
    assert run.result == "an ordinary day"
