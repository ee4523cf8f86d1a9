"""The pages of collections: records, what changed, and nobody else's."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord, TaskRun
from tasks_app.selectors import collections
from tests.kinds.sync.json_api import JsonApi, json_api
from tests.kinds.sync.kept import Kept, things
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import text

NAMES = ["collection-detail", "collection-changes", "collection-delete"]


@pytest.fixture
def api(settings: Settings) -> Iterator[JsonApi]:
    """A service with a list."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with json_api(things(120)) as found:
        yield found


@pytest.fixture
def kept(alice: User, api: JsonApi) -> Kept:
    """A collection of alice's that has seen a change, a new record and one that is gone."""
    kept = Kept(alice, api)
    kept.sync()
    api.items = [{"id": "new <b>one</b>"}, {"id": 1, "name": "<script>alert(1)</script>"}, *things(120)[2:]]
    kept.sync(remove_missing=True)
    return kept


def address(kept: Kept, name: str = "collection-detail", **parameters: object) -> str:
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    return f"{reverse(name, args=[kept.collection.pk])}?{query}"


def keys(client: Client, url: str) -> list[str]:
    rows = client.get(url).context["records"]
    return [row["record"].key for row in rows]


def test_who_may_only_see_a_collection_is_not_offered_to_delete_it(as_alice: Client, bob: User, kept: Kept) -> None:
    """Operators see everybody's collections."""
    remove = reverse("collection-delete", args=[kept.collection.pk])
    assert signed_in(bob).get(remove).status_code == 403
    for name in ("collection-detail", "collection-changes"):
        assert remove in as_alice.get(address(kept, name)).content.decode()
        assert remove not in signed_in(bob).get(address(kept, name)).content.decode()


def test_without_any_the_page_says_how_to_make_one(as_alice: Client) -> None:
    page = as_alice.get(reverse("collection-list"))
    assert "No collections yet" in text(page)
    assert "?type=sync_external_service" in page.content.decode()


def test_a_collection_is_listed_with_its_count(as_alice: Client, kept: Kept, make: MakeTask) -> None:
    task = make(type="sync_external_service", payload=kept.payload(), name="Fetch things")
    SyncedCollection.objects.update(task=task)
    assert "Things 120 Fetch things " in text(as_alice.get(reverse("collection-list")))
    assert "Things" in text(as_alice.get(reverse("task-detail", args=[task.pk])))


def test_records_are_read_page_by_page(as_alice: Client, kept: Kept) -> None:
    seen, url = [], address(kept)
    while url:
        page = as_alice.get(url)
        seen += [row["record"].key for row in page.context["records"]]
        following = page.context["following"]
        url = address(kept, after=following) if following else ""
    assert seen == list(SyncedRecord.objects.filter(gone_at=None).order_by("key").values_list("key", flat=True))
    assert len(seen) == 120


def test_records_are_found_by_key_and_state(as_alice: Client, kept: Kept) -> None:
    assert keys(as_alice, address(kept, search="11")) == [
        "11",
        "110",
        "111",
        "112",
        "113",
        "114",
        "115",
        "116",
        "117",
        "118",
        "119",
    ]
    assert keys(as_alice, address(kept, state="gone")) == ["0"]
    assert len(keys(as_alice, address(kept, state="all", search="0"))) > 1
    assert "No record matches" in text(as_alice.get(address(kept, search="nothing")))


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=99999999999999999999", "after=²", "before=-1", "state=x", "kind=x", "run=x", "search=%00"],
)
def test_an_odd_address_shows_something(as_alice: Client, kept: Kept, query: str) -> None:
    for name in NAMES[:2]:
        assert as_alice.get(f"{address(kept, name)}{query}").status_code == 200


def test_what_a_run_changed_is_shown_with_before_and_after(as_alice: Client, kept: Kept) -> None:
    page = as_alice.get(address(kept, "collection-changes", run=kept.contexts[-1].run_id))
    assert "What one run found: 1 new, 1 changed, 1 gone." in text(page)
    assert "1 changed name Thing 1 → <script>alert(1)</script>" in text(page)
    assert "<script>alert" not in page.content.decode()
    assert len(as_alice.get(address(kept, "collection-changes", kind="gone")).context["changes"]) == 1
    older = as_alice.get(address(kept, "collection-changes")).context["older"]
    assert len(as_alice.get(address(kept, "collection-changes", before=older)).context["changes"]) == 50


def test_a_record_shows_its_data_and_its_history(as_alice: Client, kept: Kept) -> None:
    record = SyncedRecord.objects.get(key="1")
    page = as_alice.get(reverse("collection-record", args=[kept.collection.pk, record.pk]))
    assert "changed name Thing 1 → <script>alert(1)</script>" in text(page)
    assert "new first seen" in text(page)
    assert "<script>alert" not in page.content.decode()
    for number in (record.pk + 1000, 10**30):
        assert as_alice.get(f"/collections/{kept.collection.pk}/records/{number}/").status_code == 404


def test_a_run_leads_to_what_it_changed(as_alice: Client, kept: Kept) -> None:
    run = TaskRun.objects.get(id=kept.contexts[-1].run_id)
    for result in ({"collection_id": str(kept.collection.pk)}, {"collection_id": 5}, {"collection_id": "x"}, [1], None):
        TaskRun.objects.filter(id=run.id).update(result=result)
        page = as_alice.get(reverse("run-detail", args=[run.pk]))
        leads = address(kept, "collection-changes", run=run.pk) in page.content.decode()
        assert leads is (isinstance(result, dict) and result["collection_id"] == str(kept.collection.pk))


def test_deleting_asks_first(as_alice: Client, kept: Kept) -> None:
    url = address(kept, "collection-delete")
    assert "Its 120 records and their history go for good." in text(as_alice.get(url))
    assert SyncedCollection.objects.exists()
    assert as_alice.post(url).status_code == 302
    left = [model.objects.count() for model in (SyncedCollection, SyncedRecord, SyncedChange)]
    assert left == [0, 0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_other_peoples_collections_do_not_exist(
    as_charlie: Client, as_staff: Client, client: Client, kept: Kept, name: str
) -> None:
    assert client.get(address(kept, name)).status_code == 302
    assert as_charlie.get(address(kept, name)).status_code == 404
    assert as_charlie.post(address(kept, "collection-delete")).status_code == 404
    assert as_staff.get(address(kept, name)).status_code == 200
    assert "Things" not in text(as_charlie.get(reverse("collection-list")))
    assert "Things" in text(as_staff.get(reverse("collection-list")))
    assert SyncedCollection.objects.exists()


def test_a_record_of_another_collection_is_not_shown_in_this_one(
    as_charlie: Client, charlie: User, api: JsonApi, kept: Kept
) -> None:
    theirs = Kept(charlie, api)
    theirs.sync()
    stolen = SyncedRecord.objects.filter(collection=kept.collection).first()
    assert stolen is not None
    own = theirs.collection.pk
    assert as_charlie.get(reverse("collection-record", args=[own, stolen.pk])).status_code == 404
    assert as_charlie.get(f"{address(theirs)}after={stolen.pk}").context["is_first_page"]
    foreign = address(theirs, "collection-changes", run=kept.contexts[-1].run_id)
    assert as_charlie.get(foreign).context["changes"] == []


def test_among_very_many_records_a_search_leads_on(
    as_alice: Client, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "WALK", 50)
    seen, after, pages = list[str](), None, 0
    while pages == 0 or after:
        page = as_alice.get(address(kept, search="9", **({"after": after} if after else {})))
        seen += [row["record"].key for row in page.context["records"]]
        after, pages = page.context["following"], pages + 1
        assert ("Search further" in text(page)) == bool(after)
    assert pages == 3
    assert seen == sorted(str(number) for number in range(2, 120) if "9" in str(number))


def test_a_search_that_finds_none_so_far_says_so(as_alice: Client, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "WALK", 50)
    page = as_alice.get(address(kept, search="new"))
    assert "None of 50 records does." in text(page)
