"""The development mailbox: it shows what was sent, and lets nothing in a message act."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from scheduler_project.mailbox import keep
from tests.web.conftest import signed_in
from tests.web.reading import text


@pytest.fixture
def name(tmp_path: Path, settings: Settings) -> str:
    """One kept message; gives its name."""
    settings.MAILBOX_DIR = tmp_path
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Report <b>", "carillon@here", "alice@example.org"
    message.set_content("Fetch it: http://localhost/files/x?a=1&b=2 now\n<script>alert(1)</script>")
    message.add_alternative("<head></head><p>Hello</p><script>alert(1)</script><img src=http://evil/>", subtype="html")
    return keep(tmp_path, message.as_bytes()).stem


def test_messages_are_listed(as_staff: Client, name: str) -> None:
    page = text(as_staff.get("/mailbox/"))
    assert "Report <b>" in page
    assert "alice@example.org" in page


def test_an_empty_mailbox_says_what_will_come(as_staff: Client, tmp_path: Path, settings: Settings) -> None:
    settings.MAILBOX_DIR = tmp_path / "absent"
    assert "No mail yet" in text(as_staff.get("/mailbox/"))


def test_a_message_is_text_with_its_links(as_staff: Client, name: str) -> None:
    html = as_staff.get(f"/mailbox/{name}/").content.decode()
    assert 'href="http://localhost/files/x?a=1&amp;b=2"' in html
    assert "<script>alert" not in html
    assert f'popups-to-escape-sandbox" src="/mailbox/{name}/html/"' in " ".join(html.split())


def test_html_is_answered_where_nothing_can_act(as_staff: Client, name: str) -> None:
    response = as_staff.get(f"/mailbox/{name}/html/")
    policy = response["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy  # what mail brings inside, and nothing else
    assert "script-src" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_links_in_html_open_beside_the_page(as_staff: Client, name: str) -> None:
    response = as_staff.get(f"/mailbox/{name}/html/")
    assert response.content.decode().startswith('<head><base target="_blank"></head>')
    assert "allow-popups" in response["Content-Security-Policy"]
    assert "allow-scripts" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("odd", ["..%2f..%2fetc%2fpasswd", "nothing", "UPPER", ".hidden"])
def test_only_kept_messages_have_pages(as_staff: Client, name: str, odd: str) -> None:
    assert as_staff.get(f"/mailbox/{odd}/").status_code == 404


def test_only_staff_read_mail(as_alice: Client, name: str) -> None:
    for address in ("/mailbox/", f"/mailbox/{name}/", f"/mailbox/{name}/html/"):
        assert as_alice.get(address).status_code == 404


def test_a_message_that_is_no_message_does_not_break_the_list(as_staff: Client, name: str, tmp_path: Path) -> None:
    broken = keep(tmp_path, b"\xff\xfe no headers at all").stem
    assert as_staff.get("/mailbox/").status_code == 200
    assert as_staff.get(f"/mailbox/{broken}/").status_code == 200


def test_nobody_but_a_superuser_reads_everybodys_mail(admin: User, name: str) -> None:
    """The link to a superuser's new password lies there as well."""
    deputy = signed_in(admin)
    for address in ("/mailbox/", f"/mailbox/{name}/", f"/mailbox/{name}/html/"):
        assert deputy.get(address).status_code == 404
    assert "/mailbox/" not in deputy.get("/").content.decode()
