"""TLS: made with the name that was called, whatever the address."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tests.kinds
from tasks_app.services.outbound import NotSent, Refused
from tasks_app.services.outbound.transport import tls_context
from tests.kinds.service import Service, running
from tests.services.outbound.calling import from_public


@contextmanager
def secure_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service with a certificate for service.example, which the client trusts while the block lasts."""
    folder = Path(tests.kinds.__file__).parent / "tls"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    tls_context.cache_clear()
    try:
        with running(tls=tls) as found:
            yield found
    finally:
        tls_context.cache_clear()


def test_tls_is_made_with_the_name_and_not_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_service(monkeypatch) as service:
        answer = from_public(service, "https://service.example/text")
        assert (answer.status, answer.body) == (200, b"hello")
        with pytest.raises(NotSent, match="certificate"):
            from_public(service, "https://other.example/text")


def test_no_redirect_leaves_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_service(monkeypatch) as service, pytest.raises(Refused, match="https to http"):
        from_public(service, "https://service.example/redirect?to=http://service.example/text")


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_service(monkeypatch) as service:
        monkeypatch.delenv("SSL_CERT_FILE")
        tls_context.cache_clear()
        with pytest.raises(NotSent, match="certificate"):
            from_public(service, "https://service.example/text")
        assert service.asked == []
