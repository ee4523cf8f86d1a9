"""send_email: mails a second to a mail server on this machine, beside a bare smtplib loop over one connection."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks._database import POSTGRES_OPTIONS, Platform, platforms
from benchmarks.record import machine_probe, print_table, write_rows

RECIPIENTS = 10_000
QUICK_RECIPIENTS = 1_000
REPEATS = 2
SHOWN = (
    "database",
    "what",
    "mails",
    "seconds",
    "cpu_seconds",
    "mails_per_second",
    "share_of_bare",
    "received",
    "distinct",
)


def main(quick: bool) -> None:
    """Measure both in turn on each database, print the table and keep the rows."""
    count = QUICK_RECIPIENTS if quick else RECIPIENTS
    found: list[dict[str, Any]] = []
    with platforms() as made:
        for platform in made:
            for number in range(1 if quick else REPEATS):
                found += _round(platform, count, number)
    write_rows("mail-quick" if quick else "mail", found, {"mails": count, "postgresql": POSTGRES_OPTIONS})
    print_table("Mails to a local server; share_of_bare compares with smtplib alone in the same round", found, SHOWN)


def _round(platform: Platform, count: int, number: int) -> Iterator[dict[str, Any]]:
    bare = _measured(platform, "smtplib alone", "bare", count, number)
    yield bare
    for what, step in (("send_email", "send"), ("the same run again", "again")):
        row = _measured(platform, what, step, count, number)
        row["share_of_bare"] = round(row["mails_per_second"] / bare["mails_per_second"], 3)
        yield row


def _measured(platform: Platform, what: str, step: str, count: int, number: int) -> dict[str, Any]:
    probe = machine_probe()
    with _server() as server:
        argument = json.dumps({"port": server.port, "count": count, "number": number})
        row: dict[str, Any] = json.loads(platform.python("-m", "benchmarks._mailing", step, argument))
        received, distinct = server.stop()
    return {
        "database": platform.database,
        "what": what,
        **row,
        "mails_per_second": round(row["mails"] / row["seconds"]),
        "received": received,
        "distinct": distinct,
        "probe": probe,
    }


class _Server:
    """A mail server in a process of its own, which counts."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "benchmarks._mail_server"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stop(self) -> tuple[int, int]:
        """End it; gives how many mails came, and how many Message-IDs."""
        counts, _ = self._process.communicate("")
        received, distinct = map(int, counts.split())
        return received, distinct

    def close(self) -> None:
        """End it, whatever has happened."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def _server() -> Iterator[_Server]:
    server = _Server()
    try:
        yield server
    finally:
        server.close()
