"""Bodies too large for memory, sent from a file."""

import io
import tempfile
import tracemalloc
from typing import IO

import pytest

from tasks_app.services.outbound import Answer, Call, NotSent, Unclear, send
from tests.kinds.service import Service, Trap, running
from tests.services.outbound.calling import get


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


def test_a_file_is_not_sent_to_nobody() -> None:
    gone = Trap()
    gone.close()
    with pytest.raises(NotSent):
        send(Call(method="PUT", url=f"http://127.0.0.1:{gone.port}/", body=io.BytesIO(b"x")), allow_private=True)
