"""Who may open a socket, and for how long."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from notifications.relay import Relay
from tasks_app.models import ApiKey
from tasks_app.selectors.api_keys import PREFIX, api_key_digest
from tasks_app.services.tokens import TokenPair, sign_in_begin, token_revoke
from tests import runs
from tests.realtime.conftest import Connect, do, session_of
from tests.realtime.wire import Wire
from tests.second_factor import turn_on

SOON = 0.05


def make_key(user: User, **fields: object) -> str:
    plain = f"{PREFIX}{uuid4().hex}"
    ApiKey.objects.create(user=user, name="ci", prefix=plain[:8], digest=api_key_digest(plain), **fields)
    return plain


def bearer(plain: str) -> list[str]:
    return ["carillon.v1", f"bearer.{plain}"]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "http://localhost:8000.evil.example",
        "http://evil.localhost:8000",
        "http://localhost:9000",
        "https://localhost:8000",
        "http://localhost",
        "http://[",
    ],
)
async def test_a_foreign_page_gets_no_socket_for_a_cookie(origin: str | None, relay: Relay, alice: User) -> None:
    wire = Wire(session_key=await session_of(alice), origin=origin)
    assert (await wire.open())["type"] == "websocket.close"


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://localhost:8000", "localhost:8000", "ws"),
        ("http://127.0.0.1:9000", "127.0.0.1:9000", "ws"),
        ("https://localhost", "localhost", "wss"),
        ("http://localhost:8000", "other.example", "ws"),
    ],
)
async def test_our_own_page_gets_a_socket(origin: str, host: str, scheme: str, connect: Connect, alice: User) -> None:
    socket = await connect(alice, origin=origin, host=host, scheme=scheme)
    await socket.subscribe("tasks")


async def test_a_page_of_a_host_that_is_not_ours_gets_none(relay: Relay, alice: User) -> None:
    wire = Wire(session_key=await session_of(alice), origin="http://evil.example", host="evil.example")
    assert (await wire.open())["type"] == "websocket.close"


async def test_behind_tls_the_page_comes_from_the_base_url(connect: Connect, alice: User, settings: Settings) -> None:
    settings.BASE_URL = "https://tasks.example.org"
    await connect(alice, origin="https://tasks.example.org", host="10.0.0.7:8000")


async def test_a_stranger_is_told_so_by_the_close_code(connect: Connect) -> None:
    assert await (await connect()).close_code() == 4401


async def test_a_key_needs_no_origin_and_is_not_echoed(connect: Connect, alice: User) -> None:
    wire = Wire(origin=None, protocols=bearer(await do(make_key, alice)))
    assert (await wire.open())["subprotocol"] == "carillon.v1"
    await wire.hang_up()


async def test_a_key_goes_before_a_cookie(connect: Connect, alice: User, bob: User) -> None:
    run = await do(runs.make_run, bob)
    socket = await connect(alice, origin=None, protocols=bearer(await do(make_key, bob)))
    await socket.subscribe(f"run:{run.id}")


@pytest.mark.parametrize("fault", ["unknown", "revoked", "expired", "inactive", "other", "not_ascii"])
async def test_a_key_that_does_not_hold_is_refused(fault: str, connect: Connect, alice: User) -> None:
    now = timezone.now()
    plain = await do(
        make_key,
        alice,
        revoked_at=now if fault == "revoked" else None,
        expires_at=now - timedelta(seconds=1) if fault == "expired" else None,
    )
    if fault == "inactive":
        await do(User.objects.filter(id=alice.pk).update, is_active=False)
    plain = {"unknown": f"{PREFIX}{uuid4().hex}", "other": "abc", "not_ascii": f"{PREFIX}\u00e9"}.get(fault, plain)
    assert await (await connect(origin=None, protocols=bearer(plain))).close_code() == 4401


async def test_a_socket_ends_soon_after_its_session(connect: Connect, alice: User) -> None:
    socket = await connect(alice, check_seconds=SOON)
    await socket.subscribe("tasks")
    await do(Session.objects.all().delete)
    assert await socket.close_code() == 4401


async def test_a_socket_ends_soon_after_its_key_is_revoked(connect: Connect, alice: User) -> None:
    socket = await connect(origin=None, protocols=bearer(await do(make_key, alice)), check_seconds=SOON)
    await socket.subscribe("tasks")
    await do(ApiKey.objects.update, revoked_at=timezone.now())
    assert await socket.close_code() == 4401


async def test_a_socket_ends_soon_after_its_user_loses_rights(connect: Connect, staff: User) -> None:
    socket = await connect(staff, check_seconds=SOON)
    await socket.subscribe("tasks")
    await do(User.objects.filter(id=staff.pk).update, is_staff=False, is_superuser=False)
    assert await socket.close_code() == 4401


async def tokens_of(user: User) -> TokenPair:
    pair: TokenPair = await do(sign_in_begin, user=user, address="")
    return pair


async def test_an_access_token_opens_a_socket_and_is_not_echoed(connect: Connect, alice: User) -> None:
    pair = await tokens_of(alice)
    wire = Wire(origin=None, protocols=bearer(pair.access))
    assert (await wire.open())["subprotocol"] == "carillon.v1"
    await wire.hang_up()


async def test_a_refresh_token_opens_none(connect: Connect, alice: User) -> None:
    pair = await tokens_of(alice)
    assert await (await connect(origin=None, protocols=bearer(pair.refresh))).close_code() == 4401


async def test_a_socket_ends_soon_after_its_sign_in_is_revoked(connect: Connect, alice: User) -> None:
    pair = await tokens_of(alice)
    socket = await connect(origin=None, protocols=bearer(pair.access), check_seconds=SOON)
    await socket.subscribe("tasks")
    await do(token_revoke, token=pair.refresh)
    assert await socket.close_code() == 4401


async def test_who_must_have_a_second_factor_gets_no_socket_without_one(
    connect: Connect, alice: User, settings: Settings
) -> None:
    pair = await tokens_of(alice)
    settings.SIGN_IN = replace(settings.SIGN_IN, second_factor="all")
    assert await (await connect(alice)).close_code() == 4401
    assert await (await connect(origin=None, protocols=bearer(pair.access))).close_code() == 4401
    await do(turn_on, alice)
    socket = await connect(alice)
    await socket.subscribe("tasks")


def _half_way(user: User) -> str:
    client = Client()
    client.post("/sign-in/", {"username": user.username, "password": "alice-password"})
    assert client.session["half_way"]["user"] == user.pk
    return client.cookies["carillon_session"].value


async def test_a_session_that_is_half_way_opens_none(relay: Relay, alice: User) -> None:
    await do(turn_on, alice)
    wire = Wire(session_key=await do(_half_way, alice), origin="http://localhost:8000")
    assert (await wire.open())["type"] == "websocket.accept"
    assert (await wire.take())["code"] == 4401
    await wire.hang_up()
