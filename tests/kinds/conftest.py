"""The outside world of handlers: an HTTP service, a trap and a mail server, all on loopback."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pytest_django import Settings

from tests.kinds.service import Service, Trap, running


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """A service that the platform may call."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with running() as found:
        yield found


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A listener that must stay alone."""
    found = Trap()
    yield found
    assert found.visits() == 0
    found.close()


class Mailbox:
    """A mail server's memory, and its moods: an answer for an address instead of taking its mail."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], Message]] = []
        self.answers: dict[str, str] = {}
        self.sender_answer = ""
        self.messages_per_session = 0
        self.sessions = 0
        self.asked = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:
        """Count who comes."""
        session.host_name = hostname
        session.taken = 0
        self.sessions += 1
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take a sender or not; leave when the session has brought its share."""
        if self.messages_per_session and session.taken >= self.messages_per_session:
            server.transport.close()
            return "421 enough"
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take a recipient or not."""
        self.asked += 1
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep a message."""
        self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        session.taken += 1
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        return [address for addresses, _ in self.messages for address in addresses]


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    """A real mail server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Mailbox()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield found
    controller.stop()
