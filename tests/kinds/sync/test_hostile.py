"""Services that answer badly, by mistake or on purpose: a clear end, nothing half judged, nothing sent elsewhere."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Permanent, RetryLater, RunStopped
from tasks_app.kinds.sync_fetching import FetchFailed
from tests.kinds.service import Trap
from tests.kinds.sync.json_api import JsonApi
from tests.kinds.sync.kept import STYLES, Kept, things

pytestmark = pytest.mark.django_db


@pytest.fixture
def linked(alice: User, api: JsonApi) -> Kept:
    """A list in linked pages, kept once already."""
    kept = Kept(alice, api, STYLES["link"])
    kept.sync()
    api.has_etags = False
    return kept


def refused(kept: Kept, error: type[Exception] = Permanent, **more: Any) -> str:
    """Sync in vain, and see that nothing was marked as gone and no version was noted."""
    with pytest.raises(error) as caught:
        kept.sync(remove_missing=True, **more)
    assert kept.gone == []
    assert kept.collection.validators == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b"<html>Come back later",
            "Page 2 is not JSON (Expecting value: line 1 column 1 (char 0)); it begins with '<html>",
        ),
        (b"", "Page 2 is not JSON"),
        (b"\xff\xfe\xff", "Page 2 is not JSON"),
        (b'[{"id": NaN}]', "NaN is no number in JSON"),
        (b'[{"id": 1, "n": -Infinity}]', "-Infinity is no number in JSON"),
        (b'[{"id": ' + b"9" * 5000 + b"}]", "Page 2 is not JSON"),
        (b"[" * 100_000, "Page 2 is nested too deep."),
        (b'{"a":' * 100_000, "Page 2 is nested too deep."),
        (b"[" + b"[]," * 600_000 + b"[]]", "Page 2 holds more than"),
        (b"[" + b"1," * 3_100_000 + b"1]", "Page 2 holds more than"),
    ],
)
def test_an_answer_that_is_no_data_is_tried_again(linked: Kept, api: JsonApi, body: bytes, words: str) -> None:
    api.mood(2, body=body)
    assert words in refused(linked, FetchFailed)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "no"}, "Page 2 is an object, where a list is wanted."),
        ("text", "Page 2 is a text, where a list is wanted."),
        ([{"id": 1}, [1]], "Page 2, item 2 is a list, not an object."),
        ([None], "Page 2, item 1 is null, not an object."),
        ([{"id": 1}, {"id": 2}, {"ID": 3}], "Page 2, item 3 has no key at 'id'."),
        ([{"id": None}], "Page 2, item 1 has no key at 'id'."),
        ([{"id": ""}], "Page 2, item 1 has no key at 'id'."),
        ([{"id": True}], "Page 2, item 1 has true or false as its key at 'id'; text or a number is wanted."),
        ([{"id": {"a": 1}}], "Page 2, item 1 has an object as its key at 'id'; text or a number is wanted."),
        ([{"id": "k" * 10_000_000}], "Page 2, item 1 has a key of 10000000 characters at 'id'; at most 200 are taken."),
        ([{"id": "a\0b"}], "Page 2, item 1 has a key at 'id' that cannot be stored."),
        ([{"id": "\ud800"}], "Page 2, item 1 has a key at 'id' that cannot be stored."),
        ([{"id": 1, "t": "x" * 299_985}], "Page 2, item 1 has 300000 bytes; at most 262144 are taken."),
    ],
)
def test_items_that_are_none_are_named_with_page_and_place(linked: Kept, api: JsonApi, body: Any, words: str) -> None:
    api.mood(2, body=json.dumps(body).encode())
    assert refused(linked) == words


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
def test_a_number_beyond_all_numbers_is_refused(linked: Kept, api: JsonApi, number: str) -> None:
    api.mood(2, body=f'[{{"id": 1, "n": {number}}}]'.encode())
    assert refused(linked) == "Page 2, item 1 holds a number that is too large, or is nested too deep."
    api.mood(1, body=f'[{{"id": {number}}}]'.encode())
    assert "cannot be stored" in refused(linked)


def test_nesting_is_taken_to_a_depth(linked: Kept, api: JsonApi) -> None:
    def nested(depth: int) -> bytes:
        return b'[{"id": 1, "a": ' + b"[" * depth + b"]" * depth + b"}]"

    api.mood(2, body=nested(800))
    assert refused(linked) == "Page 2, item 1 is nested deeper than 20 levels."
    api.mood(2, body=nested(19))
    linked.sync()
    wide = [{"id": 1, "a": [[number] for number in range(100)]}]
    api.mood(1, body=json.dumps(wide).encode())
    linked.sync()
    assert linked.data["1"] == wide[0]


def test_text_that_databases_refuse_is_stored_all_the_same(kept: Kept, api: JsonApi) -> None:
    item = {"id": 1, "nul": "a\0b", "half": "a\ud83d", "whole": "😀", "back": "\\u0000", "k\0": {"\udfff": ["\0"]}}
    api.mood(1, body=json.dumps([item]).encode())
    kept.sync()
    (found,) = kept.data.values()
    assert found == {
        "id": 1, "nul": "a\ufffdb", "half": "a?", "whole": "😀", "back": "\\u0000", "k\ufffd": {"?": ["\ufffd"]},
    }  # fmt: skip
    api.mood(1, body=json.dumps([item]).encode())
    assert kept.sync()["unchanged"] == 1


def test_numbers_of_any_size_come_back_as_they_went(kept: Kept, api: JsonApi) -> None:
    api.items = [{"id": 1, "big": 10**400, "small": 5e-324, "float": 1.0, "zero": -0.0}]
    kept.sync()
    assert kept.data["1"] == api.items[0]
    assert kept.sync() == {"records": 1, "unchanged": 1}


def test_a_path_leads_through_lists_and_keys_with_dots(kept: Kept, api: JsonApi) -> None:
    items = [{"Order no": {"#": 7, "v.2": 8}}]
    api.mood(1, body=json.dumps({"a.b": [[], items]}).encode())
    kept.sync(items_path='"a.b".-1', key="Order no.#")
    assert kept.data == {"7": items[0]}
    api.mood(1, body=json.dumps(items).encode())
    kept.sync(items_path="$", key='Order no."v.2"')
    assert kept.data["8"] == items[0]


@pytest.mark.parametrize("path", ["data.items", "data", "0.x", "data.0"])
def test_a_path_that_leads_nowhere_is_named(kept: Kept, api: JsonApi, path: str) -> None:
    api.mood(1, body=b'{"data": [1, {"x": 2}]}' if path != "data" else b'{"data": {"items": []}}')
    assert repr(path) in refused(kept, items_path=path)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, FetchFailed), (206, FetchFailed), (301, Permanent), (302, Permanent), (304, Permanent), (400, Permanent),
        (401, Permanent), (403, Permanent), (404, Permanent), (408, FetchFailed), (425, FetchFailed),
        (429, FetchFailed), (500, FetchFailed), (502, FetchFailed), (503, FetchFailed), (599, FetchFailed),
    ],
)  # fmt: skip
def test_a_status_is_passing_or_final(linked: Kept, api: JsonApi, status: int, error: type[Exception]) -> None:
    api.mood(2, status=status, body=b"[]")
    assert f"Page 2: the service answered {status}" in refused(linked, error)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("3600", 3600), ("9" * 400, 86_400), ("Mon, 23 Nov 2020 09:00:00 GMT", 0)],
)
def test_retry_after_is_obeyed_up_to_a_day(linked: Kept, api: JsonApi, status: int, header: str, seconds: int) -> None:
    api.mood(1, status=status, headers={"Retry-After": header})
    with pytest.raises(RetryLater) as caught:
        linked.sync()
    assert caught.value.seconds == seconds


def test_a_limit_in_the_middle_of_a_list_is_waited_for(linked: Kept, api: JsonApi) -> None:
    for number, wait in ((2, "0"), (3, "1"), (5, "0")):
        api.mood(number, status=429, headers={"Retry-After": wait})
    started = time.monotonic()
    assert linked.sync()["records"] == 25
    assert time.monotonic() - started > 1
    assert ("info", "The service asks to wait for 1 s") in linked.contexts[-1].logs
    api.mood(2, status=503, headers={"Retry-After": "61"})
    with pytest.raises(RetryLater):
        linked.sync()
    for number in range(2, 8):
        api.mood(number, status=503, headers={"Retry-After": "0"})
    with pytest.raises(RetryLater):
        linked.sync()


def test_a_wait_ends_when_the_run_is_to_stop(linked: Kept, api: JsonApi) -> None:
    api.mood(2, status=429, headers={"Retry-After": "30"})
    started = time.monotonic()
    with pytest.raises(RunStopped):
        linked.sync(linked.context(stop_after=5))
    assert time.monotonic() - started < 10


def test_a_slow_or_broken_answer_is_tried_again(linked: Kept, api: JsonApi) -> None:
    api.mood(2, delay=5, body=b"[]")
    assert "Page 2: no answer" in refused(linked, FetchFailed, timeout_seconds=1)
    api.mood(2, body=b"[" + b" " * 1000 + b"]", cut=True)
    assert "Page 2: no answer" in refused(linked, FetchFailed)


def test_a_huge_page_is_not_read_to_its_end(linked: Kept, api: JsonApi) -> None:
    api.mood(2, body=b" " * (33 * 1024 * 1024))
    assert refused(linked) == "Page 2 is larger than 32 MiB."


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "Page 1 leads to another place, http://169.254.169.254;"),
        ("//localhost:{port}/link", "Page 1 leads to another place, http://localhost:"),
        ("https://{host}/link?page=2", "Page 1 leads to another place, https://127.0.0.1:"),
        ("http://127.0.0.1:{trap}/", "Page 1 leads to another place"),
        ("http://127.0.0.1:{port}@127.0.0.1:{trap}/", "Page 1 leads to another place"),
        ("http://user:secret@{host}/link?page=2", "Page 1 leads to an address that the platform does not call."),
        ("file:///etc/passwd", "Page 1 leads to another place"),
        ("http://[::", "Page 1 links to a next page that is not a URL."),
        ("/link", "Page 2 leads back to a page that was read before"),
        ("", "Page 1 leads back to a page that was read before"),
        ("/link?x=" + "y" * 3000, "Page 1 leads to an address that the platform does not call."),
    ],
)
def test_a_link_leads_nowhere_else_and_not_round(
    linked: Kept, api: JsonApi, trap: Trap, target: str, words: str
) -> None:
    target = target.format(host=f"{api.host}:{api.port}", port=api.port, trap=trap.port)
    first = 2 if words.startswith("Page 2") else 1
    headers = {"Link": f"<{target}>; rel=next"}
    api.mood(first, body=json.dumps(things(10)).encode(), headers=headers)
    asked = len(api.asked)
    assert refused(linked).startswith(words)
    assert len(api.asked) - asked == first


def test_a_link_header_is_read_whatever_it_looks_like(linked: Kept, api: JsonApi) -> None:
    api.items = things(20)
    for header in (
        '</link?page=2>; title="a, b"; REL = "last Next"',
        '<>; rel="prev", </link?page=2>;rel=next;type="text/html"',
        "</link?page=2>;rel=next" + ", <x>; rel=prev" * 500,
    ):
        api.mood(1, body=json.dumps(things(10)).encode(), headers={"Link": header})
        assert linked.sync()["records"] == 20
    for header in ("<" * 8000, '</a>; rel="next' * 500, "</a>" + "; rel" * 1500, "</x>; rel=nextish"):
        started = time.monotonic()
        api.mood(1, body=b"[]", headers={"Link": header})
        linked.sync()
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("cursor", "words"),
    [
        ("0", "Page 2 leads back to a page that was read before"),
        ("c" * 1001, "Page 1 has a cursor at 'meta.next' that is too long, or not printable."),
        ("a\nb", "Page 1 has a cursor at 'meta.next' that is too long, or not printable."),
        ("\ud800", "Page 1 has a cursor at 'meta.next' that is too long, or not printable."),
        ({"a": 1}, "Page 1 has a cursor at 'meta.next' that is neither text nor a whole number."),
        (True, "Page 1 has a cursor at 'meta.next' that is neither text nor a whole number."),
        (1.5, "Page 1 has a cursor at 'meta.next' that is neither text nor a whole number."),
    ],
)
def test_a_cursor_is_short_and_new(alice: User, api: JsonApi, cursor: Any, words: str) -> None:
    kept = Kept(alice, api, STYLES["cursor"])
    for number, items in ((1, things(3)), (2, things(4))):
        body = {"data": {"items": items}, "meta": {"next": cursor}}
        api.mood(number, body=json.dumps(body).encode())
    assert refused(kept).startswith(words)


def test_a_cursor_is_sent_as_it_is_and_goes_nowhere_else(alice: User, api: JsonApi) -> None:
    kept = Kept(alice, api, STYLES["cursor"])
    cursor = "&url=http://169.254.169.254/#?+ %00ü"
    body = {"data": {"items": things(3)}, "meta": {"next": cursor}}
    api.mood(1, body=json.dumps(body).encode())
    api.mood(2, body=b'{"data": {"items": []}}')
    kept.sync()
    assert api.asked[-1].query == {"after": cursor}


def test_a_list_has_an_end(linked: Kept, api: JsonApi) -> None:
    pagination = {"style": "link", "max_pages": 2}
    assert refused(linked, pagination=pagination) == "The list has more than 2 pages, which is the limit of the task."
    assert linked.sync(pagination={"style": "link", "max_pages": 3})["records"] == 25


def test_a_service_that_does_not_count_pages_is_found_out(kept: Kept, api: JsonApi) -> None:
    words = refused(kept, pagination={"style": "page"})
    assert words == "Page 2 is the same as the page before: the service does not count pages so."


def test_a_version_that_is_no_version_is_not_sent_back(kept: Kept, api: JsonApi) -> None:
    for etag in ("x" * 501, "a\x7fb"):
        api.mood(1, body=b"[]", headers={"ETag": etag})
        kept.sync()
        assert kept.collection.validators == []
