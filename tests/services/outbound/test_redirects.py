"""Redirects: each checked as the first address was, and no secret goes along to a stranger."""

from urllib.parse import quote

import pytest

from tasks_app.services.outbound import Misdirected, NotSent, Refused
from tests.kinds.service import Service, Trap, running
from tests.services.outbound.calling import from_public, get
from tests.services.outbound.tricks import LEADS_INSIDE


def test_a_redirect_is_an_answer_unless_followed(service: Service) -> None:
    assert get(service, "/redirect?to=/text").status == 302
    answer = get(service, "/redirect?to=/text", follow_redirects=True)
    assert (answer.status, answer.redirects, answer.url) == (200, 1, service.url("/text"))


def chain(length: int) -> str:
    path = "/text"
    for _ in range(length):
        path = f"/redirect?to={quote(path, safe='')}"
    return path


def test_three_redirects_are_followed_and_no_more(service: Service) -> None:
    assert get(service, chain(3), follow_redirects=True).redirects == 3
    with pytest.raises(Misdirected):
        get(service, chain(4), follow_redirects=True)


@pytest.mark.parametrize("target", [*LEADS_INSIDE, "http://inside.example:{port}/"])
def test_no_redirect_leads_inside(service: Service, trap: Trap, target: str) -> None:
    target = quote(target.format(port=trap.port), safe="")
    with pytest.raises(Refused):
        from_public(service, f"http://public.example/redirect?to={target}")
    assert len(service.asked) == 1


@pytest.mark.parametrize("to", ["ftp://example.com/", "http://user:pw@127.0.0.1/", "file:///etc/passwd", "http://[x/"])
def test_a_redirect_to_what_is_no_good_url_is_refused(service: Service, to: str) -> None:
    with pytest.raises(Refused, match="Redirected"):
        get(service, f"/redirect?to={to}", follow_redirects=True)


@pytest.mark.parametrize("host", ["xn--", "xn--a", "xn--i-7iq"])
def test_a_name_that_cannot_be_decoded_is_looked_up_as_it_is(service: Service, host: str) -> None:
    with pytest.raises(NotSent, match="not found"):
        get(service, f"/redirect?to=http://{host}.invalid/", follow_redirects=True)
    assert from_public(service, f"http://{host}.example/text").status == 200
    assert service.last.headers["host"] == f"{host}.example"


def test_a_secret_does_not_follow_to_another_host(service: Service) -> None:
    headers = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Cookie": "a=secret", "Accept": "text/plain"}
    with running() as other:
        answer = get(service, f"/redirect?to={other.url('/text')}", headers=headers, follow_redirects=True)
        assert answer.status == 200
        assert "secret" not in str(other.last.headers)
        assert other.last.headers["accept"] == "text/plain"
        assert other.last.headers["host"] == f"127.0.0.1:{other.port}"


def test_headers_stay_on_the_same_host(service: Service) -> None:
    get(service, "/redirect?to=/text", headers={"Authorization": "Bearer secret"}, follow_redirects=True)
    assert service.last.headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("code", "method", "body"), [(302, "GET", b""), (303, "GET", b""), (307, "POST", b"x"), (308, "POST", b"x")]
)
def test_a_redirected_post_keeps_its_method_where_the_status_says_so(
    service: Service, code: int, method: str, body: bytes
) -> None:
    get(service, f"/redirect?to=/text&code={code}", method="POST", body=b"x", follow_redirects=True)
    assert (service.last.method, service.last.body) == (method, body)
