"""/api/collections: records, what changed, and nobody else's."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tasks_app.models import ApiKey, SyncedRecord
from tasks_app.selectors import collections
from tests.api.client import Api, with_key
from tests.kinds.sync.json_api import JsonApi, json_api
from tests.kinds.sync.kept import Kept, things


@pytest.fixture
def service(settings: Settings) -> Iterator[JsonApi]:
    """A service with a list."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with json_api(things(12)) as found:
        yield found


@pytest.fixture
def kept(alice: User, service: JsonApi) -> Kept:
    """A collection of alice's with a record of each kind."""
    kept = Kept(alice, service)
    kept.sync()
    service.items = [{"id": "n"}, {"id": 1, "name": "Renamed"}, *things(12)[2:]]
    kept.sync(remove_missing=True)
    return kept


def test_a_collection_tells_of_itself(api: Api, kept: Kept, service: JsonApi) -> None:
    (one,) = api.get("collections").body["results"]
    assert one == api.get(f"collections/{kept.collection.pk}").body
    assert (one["name"], one["owner"], one["record_count"], one["task"]) == ("Things", "alice", 12, None)
    assert one["url"] == service.url("/none")
    assert one["synced_at"].endswith("Z")


def test_records_are_listed_by_key(api: Api, kept: Kept) -> None:
    base = f"collections/{kept.collection.pk}/records"
    page = api.get(f"{base}?page_size=5").body
    found = page["results"]
    while page["next"]:
        page = api.get(page["next"].split("/api/")[1]).body
        found += page["results"]
    keys = [one["key"] for one in found]
    assert keys == list(SyncedRecord.objects.filter(gone_at=None).order_by("key").values_list("key", flat=True))
    assert found[0]["data"] == {"id": 1, "name": "Renamed"}
    (gone,) = api.get(f"{base}?state=gone").body["results"]
    assert (gone["key"], gone["data"]) == ("0", {"id": 0, "name": "Thing 0"})
    assert gone["gone_at"] is not None
    assert [one["key"] for one in api.get(f"{base}?search=1&state=all").body["results"]] == ["1", "10", "11"]
    assert [one["key"] for one in api.get(f"{base}?key=1").body["results"]] == ["1"]


def test_among_very_many_records_a_search_goes_on_step_by_step(
    api: Api, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys are 0 to 11 and n, in the order of their letters: 0, 1, 10, 11, 2 and so on."""
    monkeypatch.setattr(collections, "WALK", 5)
    base = f"collections/{kept.collection.pk}/records?page_size=2"
    pages = _walk(api, f"{base}&state=all&search=n", "next")
    assert [(len(page["results"]), page["is_complete"]) for page in pages] == [(0, False), (0, False), (1, True)]
    assert (pages[0]["count"], pages[0]["count_is_exact"]) == (0, False)
    pages = _walk(api, f"{base}&state=all&search=1", "next")
    assert [one["key"] for page in pages for one in page["results"]] == ["1", "10", "11"]
    end = api.get(f"{base}&state=all&search=n").body
    while end["next"]:
        end = api.get(end["next"].split("/api/")[1]).body
    back = _walk(api, end["previous"].split("/api/")[1], "previous")
    assert [(len(page["results"]), page["is_complete"]) for page in back] == [(0, False), (0, False), (0, True)]
    pages = _walk(api, base, "next")
    assert [page["is_complete"] for page in pages] == [True] * 6, "an index leads to what is there"


def _walk(api: Api, path: str, way: str) -> list[Any]:
    pages = [api.get(path).body]
    while pages[-1][way]:
        pages.append(api.get(pages[-1][way].split("/api/")[1]).body)
    return pages


def test_changes_are_listed_with_what_differs(api: Api, kept: Kept) -> None:
    base, run = f"collections/{kept.collection.pk}/changes", kept.contexts[-1].run_id
    found = api.get(f"{base}?run={run}").body["results"]
    assert [(one["kind"], one["key"], one["run"]) for one in found] == [
        ("gone", "0", run), ("changed", "1", run), ("new", "n", run),
    ]  # fmt: skip
    assert (found[1]["before"], found[1]["after"]) == ({"name": "Thing 1"}, {"name": "Renamed"})
    assert api.get(base).body["count"] == 15
    assert len(api.get(f"{base}?kind=changed").body["results"]) == 1


@pytest.mark.parametrize(
    ("path", "field", "code"),
    [
        ("records?state=x", "state", "unknown"),
        ("records?cursor=x", "cursor", "invalid"),
        ("changes?kind=x", "kind", "unknown"),
        ("changes?run=1", "run", "type"),
        ("records?owner=1", "owner", "unknown_parameter"),
    ],
)
def test_a_bad_parameter_is_named(api: Api, kept: Kept, path: str, field: str, code: str) -> None:
    reply = api.get(f"collections/{kept.collection.pk}/{path}")
    assert (reply.status, reply.faults) == (400, {field: [code]})


def test_collections_are_ones_own(api: Api, stranger: Api, operator: Api, nobody: Api, kept: Kept) -> None:
    base = f"collections/{kept.collection.pk}"
    for path in (base, f"{base}/records", f"{base}/changes"):
        assert (stranger.get(path).status, operator.get(path).status, nobody.get(path).status) == (404, 200, 401)
    assert stranger.get("collections").body["results"] == []
    assert len(operator.get("collections").body["results"]) == 1
    assert (stranger.delete(base).status, nobody.delete(base).status) == (404, 401)
    assert api.get(f"collections/{uuid4()}").status == 404
    assert api.get(base).status == 200


def test_deleting_needs_a_key_that_may_manage(api: Api, alice: User, kept: Kept) -> None:
    base = f"collections/{kept.collection.pk}"
    for scope in (ApiKey.Scope.READ, ApiKey.Scope.RUN):
        assert with_key(alice, scope).delete(base).status == 403
    assert with_key(alice).delete(base).status == 204
    assert api.get(base).status == 404
    assert not SyncedRecord.objects.exists()
