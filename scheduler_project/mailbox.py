"""The development mailbox: a real SMTP server on the loopback address that delivers nothing and keeps what it receives.

Each message is an .eml file under var/mailbox/; its name sorts by arrival. Beyond 1,000 the oldest go.
"""

import asyncio
import os
import secrets
import signal
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings

KEPT_MESSAGES = 1000
MESSAGE_BYTES = 10 * 1024 * 1024


class Keeper:
    """Takes each message for every recipient, and writes it down."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer 250 only once the whole message is on disk."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        keep(self._directory, head.encode("utf-8", "replace") + content)
        return "250 Kept"


def keep(directory: Path, message: bytes) -> Path:
    """Write one message; a reader sees it whole or not at all."""
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    draft = directory / f".{name}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(message)
    path = directory / f"{name}.eml"
    draft.replace(path)
    for old in sorted(directory.glob("*.eml"))[:-KEPT_MESSAGES]:
        old.unlink(missing_ok=True)
    return path


def protocol(directory: Path, loop: asyncio.AbstractEventLoop) -> SMTP:
    """Give the SMTP side of one connection."""
    return SMTP(Keeper(directory), hostname="localhost", enable_SMTPUTF8=True, data_size_limit=MESSAGE_BYTES, loop=loop)


async def serve(directory: Path, port: int) -> None:
    """Serve until TERM or INT."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: protocol(directory, loop), "127.0.0.1", port)
    await stopped.wait()
    server.close()


def main() -> int:
    """Run the mailbox of this checkout."""
    asyncio.run(serve(settings.MAILBOX_DIR, settings.MAILBOX_PORT))
    return 0
