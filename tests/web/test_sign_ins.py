"""Settings, where one is signed in: browsers, tokens and their ends, and signing out everywhere else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ApiKey, AuditEntry, TokenSignIn
from tasks_app.selectors import sessions
from tasks_app.selectors.sessions import DEVICE, session_handle, session_mark, sessions_of
from tasks_app.selectors.tokens import access_lookup
from tasks_app.services.api_keys import api_key_create
from tasks_app.services.passwords import password_change
from tasks_app.services.tokens import sign_in_begin
from tasks_app.web import sign_ins
from tasks_app.web.devices import device_words
from tests.api.client import Api
from tests.web.conftest import signed_in
from tests.web.reading import errors, text

PAGE = "/settings/sign-ins/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"

pytestmark = pytest.mark.usefixtures("empty_redis")


def test_sign_ins_by_tokens_are_listed_with_their_addresses_and_ended(as_alice: Client, alice: User, bob: User) -> None:
    one = sign_in_begin(user=alice, address="10.1.2.3")
    sign_in_begin(user=bob, address="10.9.9.9")
    shown = text(as_alice.get(PAGE))
    assert "10.1.2.3" in shown
    assert "10.9.9.9" not in shown
    row = TokenSignIn.objects.get(user=alice)
    assert as_alice.post(f"{PAGE}{row.pk}/end/").status_code == 302
    assert access_lookup(one.access) is None
    assert "Nothing is signed in by tokens" in text(as_alice.get(PAGE))
    assert as_alice.post(f"{PAGE}{TokenSignIn.objects.get(user=bob).pk}/end/").status_code == 404
    assert TokenSignIn.objects.filter(revoked_at=None).count() == 1


def test_a_sign_in_by_tokens_ends_after_asking(as_alice: Client, alice: User, bob: User) -> None:
    one = sign_in_begin(user=alice, address="10.1.2.3")
    sign_in_begin(user=bob, address="10.9.9.9")
    end = f"{PAGE}{TokenSignIn.objects.get(user=alice).pk}/end/"
    shown = as_alice.get(PAGE).content.decode()
    assert f'href="{end}"' in shown
    assert f'action="{end}"' not in shown
    asked = text(as_alice.get(end))
    assert "End this sign-in by tokens? It began " in asked
    assert "ago from 10.1.2.3. Its tokens are refused at once." in asked or "now from 10.1.2.3." in asked
    assert access_lookup(one.access) is not None
    assert as_alice.get(f"{PAGE}{TokenSignIn.objects.get(user=bob).pk}/end/").status_code == 404


def browser(user: User, agent: str = FIREFOX, address: str = "10.1.2.3") -> Client:
    """Sign in on the page, from there."""
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    typed = {"username": user.username, "password": f"{user.username}-password"}
    assert client.post("/sign-in/", typed)["Location"] == "/"
    return client


def key_of(client: Client) -> str:
    return str(client.session.session_key)


def test_browsers_are_listed_in_words_with_this_one_marked(alice: User, bob: User) -> None:
    mine = browser(alice)
    browser(alice, PHONE, "10.1.2.4")
    browser(bob, FIREFOX, "10.9.9.9")
    response = mine.get(PAGE)
    shown = text(response)
    assert "Firefox on Windows this one" in shown
    assert shown.count("this one") == 1
    assert "Safari on iPhone" in shown
    assert "10.1.2.4" in shown
    assert "10.9.9.9" not in shown
    keys = Session.objects.values_list("session_key", flat=True)
    assert not any(key in response.content.decode() for key in keys), "a key opens the session"


def test_one_browser_is_signed_out_and_the_log_says_so(alice: User) -> None:
    mine, other = browser(alice), browser(alice, PHONE)
    end = f"{PAGE}browsers/{session_handle(key_of(other))}/end/"
    assert mine.post(end).status_code == 302
    assert other.get("/").status_code == 302
    assert mine.get("/").status_code == 200
    assert AuditEntry.objects.filter(action="session.end", actor="user:alice").count() == 1
    assert mine.post(end).status_code == 404
    assert mine.post(f"{PAGE}browsers/{session_handle(key_of(mine))}/end/")["Location"] == "/sign-in/"
    assert mine.get("/").status_code == 302


def test_another_browser_is_signed_out_after_asking(alice: User, bob: User) -> None:
    mine, other, theirs = browser(alice), browser(alice, PHONE, "10.1.2.4"), browser(bob)
    end = f"{PAGE}browsers/{session_handle(key_of(other))}/end/"
    shown = mine.get(PAGE).content.decode()
    assert f'href="{end}"' in shown
    assert f'action="{end}"' not in shown
    asked = text(mine.get(end))
    assert "Sign out Safari on iPhone? It was last seen " in asked
    assert "from 10.1.2.4. It has to sign in again." in asked
    assert other.get("/").status_code == 200
    assert mine.get(f"{PAGE}browsers/{session_handle(key_of(theirs))}/end/").status_code == 404
    here = f"{PAGE}browsers/{session_handle(key_of(mine))}/end/"
    assert f'action="{here}"' in shown, "one's own sign-out asks nothing"
    assert "This is the browser that you use now." in text(mine.get(here))
    assert mine.get("/").status_code == 200


def test_nobody_sees_or_ends_the_session_of_somebody_else(alice: User, bob: User, staff: User) -> None:
    theirs = browser(alice)
    for other in (bob, staff):
        client = signed_in(other)
        assert client.post(f"{PAGE}browsers/{session_handle(key_of(theirs))}/end/").status_code == 404
    assert theirs.get("/").status_code == 200


def test_sessions_are_found_without_reading_those_of_others(
    alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        browser(bob)
    mine = browser(alice)
    Session.objects.exclude(session_key=key_of(mine)).update(session_data="not read")
    with django_assert_num_queries(1) as asked:
        [found] = sessions_of(alice, this=key_of(mine))
    assert (found.agent, found.address, found.is_this) == (FIREFOX, "10.1.2.3", True)
    assert key_of(mine).startswith(session_mark(alice.pk))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{asked[0]['sql']}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert connection.vendor != "sqlite" or "session_key>? AND session_key<?" in plan, plan


def test_a_list_that_is_cut_says_so_and_how_to_end_the_rest(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sessions, sign_ins):
        monkeypatch.setattr(module, "MOST", 2)
    mine = browser(alice)
    browser(alice, PHONE)
    browser(bob)
    for _ in range(2):
        sign_in_begin(user=alice, address="10.1.2.3")
    assert "Only the newest" not in text(mine.get(PAGE))
    browser(alice, PHONE)
    shown = mine.get(PAGE)
    assert text(shown).count("Only the newest 2 are shown. Sign out everywhere else ends those that are not, too.") == 1
    assert len(shown.context["browsers"]) == 3, "the newest two, and this one"
    sign_in_begin(user=alice, address="10.1.2.3")
    assert text(mine.get(PAGE)).count("Only the newest 2 are shown") == 2


def test_a_session_of_an_older_password_is_none(alice: User) -> None:
    browser(alice, PHONE)
    password_change(user=alice, password="bells at nine")
    assert sessions_of(alice, this=None) == []


def test_use_is_noted_at_times_and_ends_the_session_no_later(alice: User) -> None:
    mine = browser(alice)
    row = Session.objects.get(session_key=key_of(mine))
    store = SessionStore()
    data = store.decode(row.session_data)
    early = (timezone.now() - timedelta(hours=1)).isoformat()
    data[DEVICE] |= {"seen": early}
    Session.objects.filter(pk=row.pk).update(session_data=store.encode(data))
    mine.get("/", REMOTE_ADDR="10.7.7.7", headers={"User-Agent": PHONE})
    [found] = sessions_of(alice, this=None)
    assert (found.address, found.agent) == ("10.7.7.7", PHONE)
    assert found.seen_at is not None
    assert found.seen_at.isoformat() > early
    assert Session.objects.get(pk=row.pk).expire_date == row.expire_date
    mine.get("/", REMOTE_ADDR="10.8.8.8")
    assert sessions_of(alice, this=None)[0].address == "10.7.7.7", "not every request is written"


def test_a_note_that_cannot_be_written_costs_nobody_an_answer(
    as_alice: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('UPDATE "django_session"'):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    session = as_alice.session
    session[DEVICE] = {}
    session.save()
    with connection.execute_wrapper(refuse):
        assert as_alice.get("/").status_code == 200
    assert "could not be noted: database is locked" in caplog.text
    as_alice.get("/")
    assert as_alice.session[DEVICE]["seen"]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on macOS"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_is_said_in_words(agent: str, words: str) -> None:
    assert device_words(agent) == words


def test_signing_out_everywhere_else_keeps_this_browser_and_the_keys(as_alice: Client, alice: User, bob: User) -> None:
    other, theirs = signed_in(alice), signed_in(bob)
    tokens, key = sign_in_begin(user=alice, address=""), api_key_create(user=alice, name="ci", scope="read")[1]
    wrong = as_alice.post(PAGE, {"password": "wrong"})
    assert wrong.status_code == 400
    assert "not your password" in errors(wrong, "password")
    assert other.get("/").status_code == 200
    assert as_alice.post(PAGE, {"password": "alice-password"}).status_code == 302
    assert as_alice.get("/").status_code == 200
    assert theirs.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert access_lookup(tokens.access) is None
    assert Api(key=key).get("me").status == 200
    assert ApiKey.objects.filter(revoked_at=None).count() == 1
    assert Client().post("/sign-in/", {"username": "alice", "password": "alice-password"})["Location"] == "/"
