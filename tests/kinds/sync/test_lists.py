"""`sync_external_service`: records follow the service's list, in every style of pages."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.errors import Permanent, RunStopped
from tasks_app.handlers.testing import call_handler, check_progress_ends
from tasks_app.models import SyncedCollection
from tests.kinds.sync.json_api import MODIFIED, JsonApi
from tests.kinds.sync.kept import STYLES, Kept, things

pytestmark = pytest.mark.django_db


def test_records_follow_the_list(paged: Kept, api: JsonApi) -> None:
    pages = 1 if "pagination" not in paged.options else 3
    assert paged.sync(remove_missing=True) == {"records": 25, "pages": pages, "new": 25}
    assert paged.data == {str(item["id"]): item for item in api.items}
    assert paged.collection.record_count == 25

    api.items[3] = {"id": 3, "name": "Renamed", "size": 1}
    api.items.append({"id": 99, "name": "Late"})
    del api.items[7], api.items[0]
    found = paged.sync(remove_missing=True)
    assert found == {"records": 24, "pages": pages, "new": 1, "changed": 1, "unchanged": 22, "gone": 2}
    assert paged.data == {str(item["id"]): item for item in api.items}
    assert paged.gone == ["0", "7"]
    assert paged.collection.record_count == 24
    assert paged.changes() == [
        ("changed", "3", {"name": "Thing 3"}, {"name": "Renamed", "size": 1}),
        ("new", "99", {}, {}),
        ("gone", "0", {}, {}),
        ("gone", "7", {}, {}),
    ]

    api.items.insert(0, {"id": 0, "name": "Thing 0"})
    api.items.insert(0, {"id": 7, "name": "Changed meanwhile"})
    assert paged.sync(remove_missing=True) == {"records": 26, "pages": pages, "back": 2, "unchanged": 24}
    assert paged.gone == []
    assert sorted(paged.changes()) == [
        ("back", "0", {}, {}),
        ("back", "7", {"name": "Thing 7"}, {"name": "Changed meanwhile"}),
    ]
    check_progress_ends(paged.contexts[-1])


def test_the_result_says_in_words_what_it_counts(kept: Kept) -> None:
    ctx = kept.context()
    result = call_handler("sync_external_service", kept.payload(), ctx)
    assert result["summary"] == "25 records: 25 new, 0 changed, 0 unchanged, 0 gone, 0 back"
    assert result["summary"] in ctx.messages


def test_nothing_is_written_for_what_is_unchanged(
    paged: Kept, api: JsonApi, django_assert_max_num_queries: Any
) -> None:
    api.has_etags = False
    paged.sync()
    ctx = paged.context()
    with django_assert_max_num_queries(40) as queries:
        assert paged.sync(ctx)["unchanged"] == 25
    written = [one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE"))]
    assert all("syncedcollection" in sql for sql in written), written


def test_records_are_not_counted_while_others_wait(kept: Kept) -> None:
    with CaptureQueriesContext(connection) as queries:
        kept.sync()
    words = [one["sql"].split()[0] if "COUNT(" not in one["sql"] else "COUNT" for one in queries]
    last = len(words) - 1 - words[::-1].index("UPDATE")
    assert words[: last + 1][-4:] == ["COUNT", "SAVEPOINT", "SELECT", "UPDATE"]


def test_without_the_wish_nothing_is_marked_as_gone(kept: Kept, api: JsonApi) -> None:
    kept.sync()
    api.items = api.items[:5]
    assert kept.sync() == {"records": 5, "pages": 1, "unchanged": 5}
    assert kept.gone == []


def test_an_empty_list_marks_nothing_unless_that_is_allowed(kept: Kept, api: JsonApi) -> None:
    kept.sync()
    api.items = []
    assert kept.sync(remove_missing=True) == {"pages": 1}
    assert "allow_empty" in kept.warnings[0]
    assert len(kept.data) == 25
    assert kept.sync(remove_missing=True, allow_empty=True) == {"pages": 1, "gone": 25}
    assert kept.data == {}


def test_chosen_fields_alone_are_kept_and_compared(kept: Kept, api: JsonApi) -> None:
    kept.sync(fields=["name", "missing"])
    assert kept.data["3"] == {"name": "Thing 3"}
    api.items = things(25, noise=1)
    assert kept.sync(fields=["name", "missing"])["unchanged"] == 25


def test_a_key_stands_anywhere_in_an_item_and_may_be_a_number(kept: Kept, api: JsonApi) -> None:
    api.items = [{"a": {"b": [{"key": key}]}} for key in ("x", 7, 1.5, 0, -3, "ü", "0 ")]
    kept.sync(key="a.b.0.key")
    assert list(kept.data) == ["x", "7", "1.5", "0", "-3", "ü", "0 "]


def test_of_items_with_one_key_the_last_counts(paged: Kept, api: JsonApi) -> None:
    api.items = [*things(15), {"id": 14, "name": "b"}, {"id": "3", "name": "a"}, {"id": 14, "name": "c"}]
    found = paged.sync()
    assert (found["records"], found["new"], found["repeated"]) == (15, 15, 3)
    assert (paged.data["3"]["name"], paged.data["14"]["name"]) == ("a", "c")
    assert paged.warnings == ["3 items repeat the key of another: the last of each counts"]


@pytest.mark.parametrize("behind", ["empty", "400", "404", "the last again"])
def test_a_list_whose_pages_are_shorter_than_asked_for_is_read_to_its_end(
    alice: User, api: JsonApi, behind: str
) -> None:
    api.behind = behind
    kept = Kept(alice, api, {"pagination": {"style": "page", "size_parameter": "size", "size": 100}})
    kept.sync()
    assert api.paths == ["/page1", "/page2"], "a service that has no more must be told from one that gives less"
    api.most = 10
    assert kept.sync(remove_missing=True) == {"records": 25, "pages": 3, "unchanged": 25}
    assert kept.gone == []


def test_not_found_behind_a_full_page_ends_the_list_and_judges_nothing(alice: User, api: JsonApi) -> None:
    """It may be the end of the list, or half a service that is away."""
    api.behind = "404"
    api.items = things(20)
    kept = Kept(alice, api, {"pagination": {"style": "page"}})
    kept.sync(remove_missing=True)
    api.items = things(10)
    assert kept.sync(remove_missing=True) == {"records": 10, "pages": 1, "unchanged": 10}
    assert kept.gone == []
    assert kept.warnings == [
        "There is no page 2, behind a full one: it may be the end, or a fault of the service. "
        "No record is marked as gone"
    ]


def test_the_page_behind_the_last_is_not_among_those_that_a_list_may_have(alice: User, api: JsonApi) -> None:
    paging = {"style": "page", "size_parameter": "size", "size": 100, "max_pages": 2}
    kept = Kept(alice, api, {"pagination": paging})
    api.most = 13
    assert kept.sync()["pages"] == 2
    api.most = 12
    with pytest.raises(Permanent, match="more than 2 pages"):
        kept.sync(remove_missing=True)
    assert kept.gone == []


@pytest.mark.parametrize("style", ["none", "link"])
def test_an_unchanged_list_is_not_read_again(alice: User, api: JsonApi, style: str) -> None:
    kept = Kept(alice, api, STYLES[style])
    kept.sync()
    synced_at = kept.collection.synced_at
    first = len(api.asked)
    assert kept.sync() == {"records": 25, "unchanged": 25}
    again = api.asked[first:]
    assert len(again) == first
    assert all(request.headers["if-none-match"].startswith('"') for request in again)
    assert {request.headers["if-modified-since"] for request in again} == {MODIFIED}
    assert kept.changes() == []
    assert kept.collection.synced_at != synced_at
    assert len(kept.collection.validators) == first


def test_an_attempt_that_died_before_it_could_tell_is_told_of(kept: Kept) -> None:
    ctx = kept.context()
    kept.sync(ctx)
    assert kept.sync(ctx.again()) == {"records": 25, "new": 25}


def test_a_change_on_any_page_is_seen(alice: User, api: JsonApi) -> None:
    kept = Kept(alice, api, STYLES["link"])
    kept.sync()
    api.items[24] = {"id": 24, "name": "On the last page"}
    assert kept.sync()["changed"] == 1
    api.items[0] = {"id": 0, "name": "On the first page"}
    asked = len(api.asked)
    assert kept.sync()["changed"] == 1
    assert len(api.asked) - asked == 3, "the first page is not fetched twice"


def test_a_new_page_behind_unchanged_ones_is_seen(alice: User, api: JsonApi) -> None:
    kept = Kept(alice, api, STYLES["link"])
    api.items = things(20)
    kept.sync()
    api.items.append({"id": 20, "name": "Thing 20"})
    assert kept.sync()["new"] == 1


@pytest.mark.parametrize(
    "change", [{"fields": ["id"]}, {"key": "name"}, {"remove_missing": True}, {"headers": {"Accept-Language": "de"}}]
)
def test_another_question_is_asked_without_condition(kept: Kept, api: JsonApi, change: dict[str, Any]) -> None:
    kept.sync()
    kept.sync(**change)
    assert "if-none-match" not in api.asked[-1].headers


def test_records_that_were_removed_here_come_again(kept: Kept, api: JsonApi) -> None:
    kept.sync()
    kept.collection.records.filter(key="3").delete()
    assert kept.sync()["new"] == 1


def test_a_broken_fetch_forgets_the_version(alice: User, api: JsonApi) -> None:
    """Otherwise a service that goes back to that version would leave a mixture here."""
    kept = Kept(alice, api, STYLES["link"])
    kept.sync()
    before = list(api.items)
    api.items[0] = {"id": 0, "name": "Passing"}
    api.mood(2, status=404)
    with pytest.raises(Permanent):
        kept.sync()
    api.items = before
    assert kept.sync() == {"records": 25, "pages": 3, "changed": 1, "unchanged": 24}
    assert kept.data["0"]["name"] == "Thing 0"


def test_stopped_between_pages_it_keeps_what_it_has_and_judges_nothing(paged: Kept, api: JsonApi) -> None:
    quiet = paged.context()
    paged.sync(quiet, remove_missing=True)
    api.items = [{"id": 1000 + number} for number in range(25)]
    for question in range(quiet.stop_questions - 1):
        ctx = paged.context(stop_after=question)
        with pytest.raises(RunStopped):
            paged.sync(ctx, remove_missing=True)
    assert len(paged.gone) < 25
    ctx = paged.context(stop_after=2)
    api.items = [{"id": 2000 + number} for number in range(25)]
    with pytest.raises(RunStopped):
        paged.sync(ctx, remove_missing=True)
    counts = paged.sync(ctx.again(), remove_missing=True)
    assert counts["new"] == counts["records"] == 25, "the counts are of all attempts"
    assert sorted(paged.data) == [str(2000 + number) for number in range(25)]
    assert paged.collection.record_count == 25


def test_a_run_without_owner_is_refused(kept: Kept) -> None:
    ctx = kept.context()
    ctx.owner_id = None
    with pytest.raises(Permanent, match="needs an owner"):
        kept.sync(ctx)
    assert not SyncedCollection.objects.exists()


def test_collections_are_told_apart_by_owner_and_name(kept: Kept, api: JsonApi, charlie: User) -> None:
    theirs = Kept(charlie, api)
    kept.sync()
    api.items = things(3)
    theirs.sync(remove_missing=True)
    assert (len(kept.data), len(theirs.data)) == (25, 3)
    assert kept.gone == []
