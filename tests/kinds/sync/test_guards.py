"""Who may fill a collection, and with whose secrets: one run at a time, the owner's own credential, its own hosts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.errors import Invalid, Permanent, RetryLater
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext
from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord, TaskRun
from tasks_app.services.credentials import credential_update
from tasks_app.services.syncing import collection_delete, collection_take
from tests import runs
from tests.kinds.service import Trap
from tests.kinds.sync.json_api import JsonApi
from tests.kinds.sync.kept import STYLES, Kept, things
from tests.services.credentials import SECRET, make_credential, token_service

pytestmark = pytest.mark.django_db


@dataclass
class Interrupted(RecordingContext):
    """Something happens to the world when the second page has been stored."""

    happening: Callable[[], object] = lambda: None

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        super().progress(done, total, message)
        if done == 20:
            self.happening()


def running(owner: User) -> TaskRun:
    """A run that is at work."""
    run = runs.make_run(owner, type="sync_external_service")
    runs.hold(run)
    return run


def context(run: TaskRun, happening: Callable[[], object] = lambda: None) -> Interrupted:
    return Interrupted(run_id=str(run.id), owner_id=run.owner_id, happening=happening)


@pytest.fixture
def linked(alice: User, api: JsonApi) -> Kept:
    """A list in linked pages."""
    return Kept(alice, api, STYLES["link"])


def test_while_a_run_fills_a_collection_another_comes_later(linked: Kept, alice: User) -> None:
    first, second = running(alice), running(alice)
    refusals = []

    def try_the_other() -> None:
        with pytest.raises(RetryLater) as caught:
            linked.sync(context(second))
        refusals.append(caught.value.seconds)

    assert linked.sync(context(first, try_the_other))["new"] == 25
    assert refusals == [60]
    assert linked.sync(context(second)) == {"records": 25, "unchanged": 25}


def test_a_run_that_does_not_run_any_more_holds_nothing(linked: Kept, alice: User) -> None:
    waits = runs.make_run(alice, type="sync_external_service")
    collection_take(owner_id=alice.pk, name="Things", run_id=str(waits.id))
    assert linked.sync(context(running(alice)))["new"] == 25


def test_an_attempt_that_was_given_up_writes_nothing_more(linked: Kept, alice: User) -> None:
    run = running(alice)

    def next_attempt() -> None:
        assert linked.sync(context(run))["records"] == 25

    with pytest.raises(Permanent, match="filled by another run"):
        linked.sync(context(run, next_attempt), remove_missing=True)
    assert len(linked.data) == 25
    assert SyncedChange.objects.count() == 25


def test_a_collection_that_is_deleted_meanwhile_stays_so(linked: Kept, alice: User) -> None:
    with pytest.raises(Permanent, match="was deleted"):
        linked.sync(context(running(alice), lambda: collection_delete(collection=linked.collection)))
    assert not SyncedCollection.objects.exists()
    assert not SyncedRecord.objects.exists()
    assert not SyncedChange.objects.exists()


def test_deleting_one_leaves_the_others(linked: Kept, api: JsonApi, charlie: User) -> None:
    api.items = things(1200)
    api.size = 600
    linked.sync()
    linked.sync(collection="Others")
    Kept(charlie, api, STYLES["link"]).sync()
    collection_delete(collection=linked.collection)
    assert sorted(SyncedCollection.objects.values_list("name", flat=True)) == ["Others", "Things"]
    assert SyncedRecord.objects.count() == SyncedChange.objects.count() == 2400


@pytest.mark.django_db(transaction=True)
def test_of_runs_that_begin_together_one_fills(linked: Kept, api: JsonApi, alice: User) -> None:
    api.delay = 0.3
    together = [running(alice) for _ in range(3)]
    outcomes: list[Any] = []

    def work(run: TaskRun) -> None:
        try:
            outcomes.append(linked.sync(context(run))["new"])
        except RetryLater:
            outcomes.append("later")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(run,)) for run in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["25", "later", "later"]
    assert SyncedRecord.objects.count() == 25


def faults(owner: User | None, payload: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        registry.validate_for(owner, "sync_external_service", payload)
    return {path: errors[0].code for path, errors in caught.value.fields.items()}


def test_the_credential_opens_every_page_and_is_shown_nowhere(linked: Kept, api: JsonApi, alice: User) -> None:
    make_credential(alice, hosts=[f"127.0.0.1:{api.port}"])
    registry.validate_for(alice, "sync_external_service", linked.payload(credential="crm"))
    linked.sync(credential="crm")
    assert [request.headers["authorization"] for request in api.asked] == [f"Bearer {SECRET}"] * 3
    assert SECRET not in str(linked.contexts)
    assert SECRET not in str(SyncedCollection.objects.values().get())


def test_what_was_known_with_another_secret_is_asked_for_anew(linked: Kept, api: JsonApi, alice: User) -> None:
    credential = make_credential(alice, hosts=[f"127.0.0.1:{api.port}"])
    linked.sync(credential="crm")
    assert linked.sync(credential="crm")["unchanged"] == 25
    assert "if-none-match" in api.asked[-1].headers
    credential_update(credential=credential, changes={"secret": "of-another-account"}, actor="user:alice")
    linked.sync(credential="crm")
    assert "if-none-match" not in api.asked[-1].headers


def test_a_credential_goes_to_its_own_host_alone(linked: Kept, api: JsonApi, alice: User, trap: Trap) -> None:
    make_credential(alice, hosts=[f"127.0.0.1:{trap.port}"])
    payload = linked.payload(credential="crm")
    assert faults(alice, payload) == {"payload.credential": "host_not_allowed"}
    with pytest.raises(Permanent, match="not meant for"):
        linked.sync(credential="crm")
    assert api.asked == []


def test_a_redirect_takes_the_credential_nowhere(linked: Kept, api: JsonApi, alice: User, trap: Trap) -> None:
    make_credential(alice, hosts=[f"127.0.0.1:{api.port}"])
    api.mood(1, status=302, headers={"Location": f"http://127.0.0.1:{trap.port}/"})
    with pytest.raises(Permanent, match="redirects are not followed"):
        linked.sync(credential="crm")


def test_other_peoples_credentials_do_not_exist(linked: Kept, api: JsonApi, alice: User, charlie: User) -> None:
    make_credential(charlie, hosts=[f"127.0.0.1:{api.port}"])
    make_credential(alice, "signing", name="signs", hosts=[f"127.0.0.1:{api.port}"])
    assert faults(alice, linked.payload(credential="crm")) == {"payload.credential": "unknown"}
    assert faults(alice, linked.payload(credential="signs")) == {"payload.credential": "wrong_kind"}
    with pytest.raises(Permanent, match="no credential"):
        linked.sync(credential="crm")
    assert api.asked == []


def test_a_token_that_was_refused_before_its_time_is_fetched_once_more(linked: Kept, api: JsonApi, alice: User) -> None:
    with token_service() as tokens:
        details = {"token_url": tokens.url, "client_id": "carillon"}
        hosts = [f"127.0.0.1:{api.port}", tokens.url.split("/")[2]]
        make_credential(alice, "oauth2", hosts=hosts, details=details)
        api.mood(2, status=401)
        assert linked.sync(credential="crm")["records"] == 25
        assert len(tokens.asked) == 2
        api.mood(1, status=401)
        api.mood(2, status=401)
        with pytest.raises(Permanent, match="401"):
            linked.sync(credential="crm")


@pytest.mark.parametrize(
    ("more", "path", "code"),
    [
        ({"url": "http://u:p@10.0.0.1/"}, "url", "url_not_allowed"),
        ({"collection": "  "}, "collection", "string_too_short"),
        ({"collection": "a\tb"}, "collection", "bad_character"),
        ({"key": ".id"}, "key", "path"),
        ({"items_path": "a..b"}, "items_path", "path"),
        ({"items_path": ""}, "items_path", "path"),
        ({"key": "a" * 501}, "key", "string_too_long"),
        ({"fields": [""]}, "fields.0", "string_too_short"),
        ({"headers": {"Cookie": "a"}}, "headers.Cookie", "header_not_allowed"),
        ({"headers": {"X-Api-Key": "a"}}, "headers.X-Api-Key", "header_not_allowed"),
        ({"headers": {"If-None-Match": "a"}}, "headers.If-None-Match", "header_not_allowed"),
        ({"headers": {"Host": "a"}}, "headers.Host", "header_not_allowed"),
        ({"headers": {"X-A": "a\r\nb: c"}}, "headers.X-A", "header_not_allowed"),
        ({"pagination": {"style": "spiral"}}, "pagination", "union_tag_invalid"),
        ({"pagination": {"style": "cursor", "cursor_parameter": "a"}}, "pagination.cursor_path", "required"),
        ({"pagination": {"style": "link", "max_pages": 0}}, "pagination.max_pages", "greater_than_equal"),
        (
            {"pagination": {"style": "page", "page_parameter": "a&b"}},
            "pagination.page_parameter",
            "string_pattern_mismatch",
        ),
    ],
)
def test_a_payload_is_refused_at_its_field(
    linked: Kept, alice: User, more: dict[str, Any], path: str, code: str
) -> None:
    assert faults(alice, linked.payload(**more)) == {f"payload.{path}": code}
