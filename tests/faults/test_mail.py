"""A worker that dies while a mail server already has the mail that it handed over."""

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually, free_port

pytestmark = pytest.mark.live
RECIPIENTS = [f"p{number}@example.org" for number in range(60)]
IN_DOUBT = RECIPIENTS[20]


class SlowServer:
    """Takes every mail, and keeps its answer about one of them back."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.has_it = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        self.taken.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content)["Message-ID"]))
        if envelope.rcpt_tos[0] == IN_DOUBT and not self.has_it.is_set():
            self.has_it.set()
            await asyncio.sleep(60)  # nobody waits for it: its client is killed
        return "250 OK"


@pytest.fixture
def server() -> Iterator[tuple[SlowServer, int]]:
    """The mail server, and its port."""
    found, port = SlowServer(), free_port()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    yield found, port
    controller.stop()


def test_a_mail_in_doubt_goes_out_again_under_its_id_and_no_other_does(
    platform: Platform, server: tuple[SlowServer, int]
) -> None:
    mails, port = server
    surroundings = {"WORKER_QUEUES": "mailing", "WORKER_CONCURRENCY": "1", "MAIL_DOMAINS": "example.org"}
    worker = platform.start("worker", EMAIL_URL=f"smtp://127.0.0.1:{port}", **surroundings)
    try:
        platform.wait_until_ready(worker)
        payload = {"subject": "News", "text": "Hello", "recipients": RECIPIENTS}
        run = platform.do(inside.insert, "send_email", payload, "mailing")
        eventually(mails.has_it.is_set, what="the server has the mail, and its client does not know")
        (child,) = worker.children()
        os.kill(child, signal.SIGKILL)
        story = platform.ended(run)
        assert story.path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]
        assert (story.result["sent"], story.result["already_sent"]) == (40, 20)
        again = platform.ended(platform.do(inside.retry, run))
        assert (again.result["sent"], again.result["already_sent"]) == (0, 60)
    finally:
        worker.kill()
    assert len({message_id for _, message_id in mails.taken}) == len(RECIPIENTS)
    counts = Counter(address for address, _ in mails.taken)
    assert counts == Counter([*RECIPIENTS, IN_DOUBT]), "only the one in doubt came twice"
