"""A mail server that counts: prints its port, takes mail until its standard input ends, then prints the counts."""

import socket
import sys
from email.parser import BytesHeaderParser
from typing import Any

from aiosmtpd.controller import Controller


class Counter:
    """Counts messages and their ids."""

    def __init__(self) -> None:
        self.received = 0
        self.ids: set[str] = set()
        self._parser = BytesHeaderParser()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        self.received += 1
        head, _, _ = envelope.content.partition(b"\r\n\r\n")
        self.ids.add(str(self._parser.parsebytes(head)["Message-ID"]))
        return "250 OK"


def main() -> None:
    """Serve on a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    counter = Counter()
    controller = Controller(counter, hostname="127.0.0.1", port=port)
    controller.start()
    print(port, flush=True)
    sys.stdin.read()
    controller.stop()
    print(counter.received, len(counter.ids))


if __name__ == "__main__":
    main()
