"""Bodies too large for memory: sent from a file, received piece by piece."""

import io
import tempfile
import tracemalloc
from typing import IO

import pytest

from tasks_app.services.outbound import Answer, Call, NotSent, Refused, TooLarge, Unclear, download, send
from tests.kinds.service import Service, Trap, running
from tests.services.outbound.calling import call, get


def fetch(service: Service, path: str, max_bytes: int = 10**6, **options: object) -> tuple[Answer, bytes]:
    taken = io.BytesIO()
    answer = download(call(service.url(path), **options), allow_private=True, write=taken.write, max_bytes=max_bytes)
    return answer, taken.getvalue()


def put(service: Service, path: str, body: IO[bytes], **options: object) -> Answer:
    return get(service, path, method="PUT", body=body, **options)


def test_a_file_is_sent_whole_with_its_length(service: Service) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"ab" * 500_000)
        file.seek(0)
        put(service, "/text", file)
    assert service.last.body == b"ab" * 500_000
    assert service.last.headers["content-length"] == "1000000"
    assert "transfer-encoding" not in service.last.headers


def test_a_file_is_sent_from_where_it_stands(service: Service) -> None:
    file = io.BytesIO(b"read already, still to send")
    file.seek(14)
    put(service, "/text", file)
    assert service.last.body == b"still to send"


def test_an_empty_file_is_an_empty_body(service: Service) -> None:
    put(service, "/text", io.BytesIO())
    assert (service.last.body, service.last.headers["content-length"]) == (b"", "0")


@pytest.mark.parametrize("code", [307, 308])
def test_a_redirect_sends_a_file_from_its_beginning_again(service: Service, code: int) -> None:
    with running() as other:
        file = io.BytesIO(b"skipped" + b"x" * 200_000)
        file.seek(7)
        put(service, f"/redirect?to={other.url('/text')}&code={code}", file, follow_redirects=True)
        assert (other.last.method, other.last.body) == ("PUT", b"x" * 200_000)
        assert other.last.headers["content-length"] == "200000"


def test_a_redirect_that_asks_for_a_get_sends_no_file(service: Service) -> None:
    put(service, "/redirect?to=/text&code=303", io.BytesIO(b"x"), follow_redirects=True)
    assert (service.last.method, service.last.body) == ("GET", b"")
    assert "content-length" not in service.last.headers


def test_an_answer_that_comes_before_the_body_was_sent_counts(service: Service) -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(50_000_000)
        try:
            answer = put(service, "/early", file)
        except Unclear:
            return  # the system may drop the answer together with what nobody read
    assert answer.status == 413


def test_a_file_that_shrinks_while_it_is_sent_is_no_request(service: Service) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return b""

    with pytest.raises(Unclear, match="became shorter"):
        put(service, "/text", Shrinking(b"promised"))


def test_a_large_file_does_not_fill_the_memory(service: Service) -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(30_000_000)
        tracemalloc.start()
        try:
            put(service, "/discard", file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("path", ["/chunked?times=300", "/bytes?type=text/plain&hex=78&times=307200"])
def test_a_download_is_handed_on_whole(service: Service, path: str) -> None:
    answer, taken = fetch(service, path)
    assert (answer.status, answer.body, answer.is_truncated) == (200, b"", False)
    assert taken == b"x" * 307_200


def test_a_download_of_exactly_the_limit_is_taken(service: Service) -> None:
    assert fetch(service, "/chunked?times=2", max_bytes=2048)[1] == b"x" * 2048


def test_a_download_beyond_the_limit_is_stopped(service: Service) -> None:
    taken = io.BytesIO()
    with pytest.raises(TooLarge, match="more than 100000 bytes"):
        download(call(service.url("/chunked?times=1000")), allow_private=True, write=taken.write, max_bytes=100_000)
    assert len(taken.getvalue()) <= 100_000


def test_a_download_that_announces_too_much_is_not_begun(service: Service) -> None:
    taken = io.BytesIO()
    with pytest.raises(TooLarge, match="has 10000000000 bytes"):
        download(call(service.url("/huge")), allow_private=True, write=taken.write, max_bytes=10**6)
    assert not taken.getvalue()


@pytest.mark.parametrize("path", ["/short", "/drop"])
def test_a_download_that_breaks_off_is_unclear(service: Service, path: str) -> None:
    with pytest.raises(Unclear):
        fetch(service, path)


def test_a_download_of_a_refusal_keeps_its_words(service: Service) -> None:
    answer, taken = fetch(service, "/status?code=403")
    assert (answer.status, answer.body, taken) == (403, b"no", b"")


def test_a_download_follows_redirects_and_writes_only_the_last(service: Service) -> None:
    answer, taken = fetch(service, "/redirect?to=/text", follow_redirects=True)
    assert (answer.redirects, taken) == (1, b"hello")


def test_what_writes_may_stop_a_download(service: Service) -> None:
    def full(piece: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        download(call(service.url("/huge")), allow_private=True, write=full, max_bytes=10**11)
    assert service.server.sent_bytes < 50_000_000


def test_a_download_from_inside_is_refused(trap: Trap) -> None:
    with pytest.raises(Refused):
        download(call(f"http://127.0.0.1:{trap.port}/"), allow_private=False, write=print, max_bytes=1)


def test_a_file_is_not_sent_to_nobody() -> None:
    gone = Trap()
    gone.close()
    with pytest.raises(NotSent):
        send(Call(method="PUT", url=f"http://127.0.0.1:{gone.port}/", body=io.BytesIO(b"x")), allow_private=True)
