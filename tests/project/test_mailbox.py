"""The development mailbox is a real SMTP server that keeps what it gets."""

import asyncio
import os
import smtplib
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection

from scheduler_project import mailbox, ports


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Serve a mailbox in `tmp_path` from a thread."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: mailbox.protocol(tmp_path, loop), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_a_mail_is_on_disk_when_the_sender_hears_yes(tmp_path: Path, address: tuple[str, int]) -> None:
    host, port = address
    mail = EmailMessage(
        "Größe", "Zwei Zeilen\nText", "from@example.org", ["to@example.org"], bcc=["hidden@example.org"]
    )
    with get_connection("django.core.mail.backends.smtp.EmailBackend", host=host, port=port) as connection:
        assert connection.send_messages([mail]) == 1
    (file,) = tmp_path.glob("*.eml")
    kept = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (kept["Subject"], kept["To"]) == ("Größe", "to@example.org")
    assert kept["X-Envelope-To"] == "to@example.org, hidden@example.org"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_mail_beyond_the_limit_is_refused(tmp_path: Path, address: tuple[str, int]) -> None:
    with smtplib.SMTP(*address) as client, pytest.raises(smtplib.SMTPException):
        client.sendmail("a@example.org", ["b@example.org"], b"x" * (mailbox.MESSAGE_BYTES + 1))
    assert not list(tmp_path.glob("*.eml"))


def test_only_the_newest_messages_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "KEPT_MESSAGES", 3)
    kept = [mailbox.keep(tmp_path, str(number).encode()) for number in range(5)]
    assert sorted(tmp_path.iterdir()) == kept[-3:]


def test_the_ports_of_a_checkout_stay_and_give_way_to_others(tmp_path: Path, address: tuple[str, int]) -> None:
    first = ports.choose(tmp_path)
    assert ports.choose(tmp_path) == first
    assert len(set(first.values())) == len(first)
    (tmp_path / "ports.json").write_text(f'{{"mailbox": {address[1]}, "flower": {first["flower"]}}}', encoding="ascii")
    again = ports.choose(tmp_path)
    assert again["mailbox"] != address[1]
    assert {name: ports.kept(tmp_path, name) for name in again} == again


@pytest.mark.parametrize("content", ["", "[]", "{", '{"mailbox": "many"}'])
def test_a_damaged_list_of_ports_means_the_usual_ones(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content, encoding="ascii")
    assert ports.kept(tmp_path, "mailbox") == ports.DEFAULTS["mailbox"]


def test_messages_never_share_a_name(tmp_path: Path) -> None:
    assert len({mailbox.keep(tmp_path, b"").name for _ in range(100)}) == 100
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
