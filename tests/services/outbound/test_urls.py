"""What a URL must look like, and that none that leads inside is called."""

import contextlib
import itertools
from collections.abc import Iterator

import pytest

from tasks_app import caller
from tasks_app.caller import Caller, Who
from tasks_app.services.outbound import NotAllowed, Refused, check_url, send
from tests.kinds.service import Trap
from tests.services.outbound.calling import call
from tests.services.outbound.tricks import LEADS_INSIDE, MALFORMED


@pytest.mark.parametrize("url", LEADS_INSIDE)
def test_what_leads_inside_is_refused_when_saved_and_when_called(url: str, trap: Trap) -> None:
    url = url.format(port=trap.port)
    with pytest.raises(NotAllowed):
        check_url(url, allow_private=False)
    with pytest.raises(Refused):
        send(call(url), allow_private=False)


def spellings(octets: tuple[int, int, int, int]) -> Iterator[str]:
    """Every way to write an address that some resolver takes: fewer parts, other bases, leading zeros, other digits."""
    first, second, third, fourth = octets
    last = (fourth, third * 256 + fourth, (second * 256 + third) * 256 + fourth)
    parts = [octets, (first, second, last[1]), (first, last[2]), (first * 2**24 + last[2],)]
    bases = ["{}", "0x{:x}", "0X{:X}", "0{:o}", "00{:o}", "0x00{:x}"]
    wide = str.maketrans("0123456789.", "０１２３４５６７８９。")
    for numbers in parts:
        for forms in itertools.product(bases, repeat=len(numbers)):
            text = ".".join(form.format(number) for form, number in zip(forms, numbers, strict=True))
            yield from (text, f"{text}.", text.translate(wide))


@pytest.mark.parametrize("octets", [(127, 0, 0, 1), (10, 0, 0, 8), (169, 254, 169, 254), (192, 168, 1, 1)])
def test_no_spelling_of_an_inside_address_is_taken(octets: tuple[int, int, int, int]) -> None:
    taken = []
    for spelling in spellings(octets):
        with contextlib.suppress(NotAllowed):
            taken.append(check_url(f"http://{spelling}/", allow_private=False))
    assert taken == []


@pytest.mark.parametrize("url", MALFORMED)
@pytest.mark.parametrize("allow_private", [False, True])
def test_a_malformed_url_is_refused_whatever_is_allowed(url: str, allow_private: bool) -> None:
    with pytest.raises(NotAllowed):
        check_url(url, allow_private=allow_private)


@pytest.mark.parametrize("port", [22, 25, 53, 1023])
def test_a_port_of_another_service_is_refused(port: int) -> None:
    with pytest.raises(NotAllowed, match="port"):
        check_url(f"http://example.com:{port}/", allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:8080/a?b=c#d",
        "https://bücher.example/ä",
        "https://[2606:4700::1111]/",
    ],
)
def test_a_public_url_is_taken(url: str) -> None:
    assert check_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["http://[::1/", "http://a]b/", "http://\u2100/", "http://a\uff0fb/", "http://[v1.x]/", *MALFORMED]
)
def test_what_is_no_url_is_refused_in_a_run_whose_refusals_are_noted(url: str, db: None) -> None:
    of_a_run = Caller(find=lambda: Who("run:1"), later={}, is_asked=False)
    with caller.acting(of_a_run), pytest.raises(Refused):
        send(call(url), allow_private=False)
    assert of_a_run.later, "it is noted at the end"
