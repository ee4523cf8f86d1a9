"""`/flower/`: a real Flower, fed by real events, behind Django's sign-in."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from pytest_django import Settings

from scheduler_project.flower_proxy import INLINE_SCRIPT, POST_BYTES
from tasks_app.models import TaskRun
from tasks_app.services.execution.call import Outcome
from tasks_app.services.execution.telemetry import Telemetry
from tests import runs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

DEADLINE_SECONDS = 60
TRICKS = [
    "../x",
    "%2e%2e/x",
    "..%2fx",
    "//evil.example/",
    "http://evil.example/",
    "@evil.example/",
    "\\evil.example",
    "%00",
    "%0d%0aX: y",
    "?%ff",
    "\x7f",
    "x" * 5_000,
]
Answer = Any
"""Django's test client says it gives an HttpResponse, which it doesn't always."""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def flower_port(valkey: str) -> Iterator[int]:
    """Start Flower as the Procfile does; gives its port."""
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
        "VAR_DIR": str(configured.VAR_DIR),
        "SECRET_KEY": configured.SECRET_KEY,
        "FLOWER_PORT": str(port),
    }
    command = [sys.executable, "-m", "scheduler_project.start", "flower"]
    with subprocess.Popen(command, cwd=configured.BASE_DIR, env=environment) as process:
        try:
            wait_for(lambda: is_up(port, process))
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.fixture
def flower(flower_port: int, settings: Settings) -> None:
    settings.FLOWER_PORT = flower_port


@pytest.fixture
def overseer(staff: User) -> AsyncClient:
    """A browser of somebody on the staff."""
    return browser_of(staff)


def browser_of(user: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(user)
    return client


def is_up(port: int, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "Flower has ended"
    try:
        return httpx.get(f"http://127.0.0.1:{port}/flower/healthcheck", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


async def body_of(answer: Answer) -> bytes:
    if not isinstance(answer, StreamingHttpResponse):
        return bytes(answer.content)
    return b"".join([part async for part in answer])


async def read(client: AsyncClient, address: str) -> bytes:
    answer: Answer = await client.get(address)
    assert answer.status_code == 200, address
    return await body_of(answer)


def execute(run: TaskRun) -> None:
    """Tell of a run what the worker tells."""
    telemetry = Telemetry("carillon@here")
    telemetry.started(run)
    telemetry.ended(run, Outcome("succeeded", lambda: None), 0.25)


@pytest.mark.usefixtures("flower")
async def test_staff_see_runs_by_their_type(overseer: AsyncClient, alice: User) -> None:
    run = await sync_to_async(runs.make_run)(alice, type="export_report")
    known: dict[str, Any] = {}
    deadline = time.monotonic() + DEADLINE_SECONDS
    # Flower may begin to listen in the middle of a run, whose name it then never hears.
    while (heard := known.get(str(run.id), {})).get("state") != "SUCCESS" or heard["name"] is None:
        assert time.monotonic() < deadline, known
        await sync_to_async(execute)(run)
        known = json.loads(await read(overseer, "/flower/api/tasks"))
    assert known[str(run.id)]["name"] == "export_report"
    assert "export_report" in (await read(overseer, f"/flower/task/{run.id}")).decode()
    table = {"draw": 1, "start": 0, "length": 15, "order[0][column]": 0, "columns[0][data]": "name"}
    form = "application/x-www-form-urlencoded"
    answer: Answer = await overseer.post("/flower/tasks/datatable", urlencode(table), content_type=form)
    rows = json.loads(await body_of(answer))["data"]
    assert [row["name"] for row in rows if row["uuid"] == str(run.id)] == ["export_report"]


@pytest.mark.usefixtures("flower")
@pytest.mark.parametrize("page", ["", "workers", "tasks", "broker"])
async def test_a_page_runs_under_its_policy(page: str, overseer: AsyncClient) -> None:
    answer: Answer = await overseer.get(f"/flower/{page}")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    html = (await body_of(answer)).decode()
    for script in re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", html, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"sha256-{digest}" == INLINE_SCRIPT
    links = re.findall(r'(?:src|href)="(/[^"]*)"', html)
    assert links
    assert {link for link in links if not link.startswith("/flower/")} == set()


@pytest.mark.usefixtures("flower")
async def test_nothing_of_flowers_own_sign_in_comes_back(overseer: AsyncClient) -> None:
    answer: Answer = await overseer.get("/flower/")
    await body_of(answer)
    assert answer.cookies == {}
    for header in ("Set-Cookie", "Server", "WWW-Authenticate"):
        assert not answer.has_header(header)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.usefixtures("flower")
async def test_assets_are_whole_and_can_be_kept(overseer: AsyncClient) -> None:
    address = "/flower/static/js/flower.js"
    first: Answer = await overseer.get(address)
    assert len(await body_of(first)) > 10_000
    again = await overseer.get(address, headers={"If-None-Match": first["Etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await overseer.head(address)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.usefixtures("flower")
async def test_a_page_that_flower_does_not_have_is_its_404(overseer: AsyncClient) -> None:
    answer: Answer = await overseer.get("/flower/nowhere")
    await body_of(answer)
    assert answer.status_code == 404


async def test_without_the_slash_the_address_is_found_too(overseer: AsyncClient) -> None:
    assert (await overseer.get("/flower"))["Location"] == "/flower/"


@pytest.mark.parametrize("address", ["/flower/", "/flower/api/tasks?limit=1", "/flower/metrics"])
async def test_a_stranger_is_asked_to_sign_in(address: str, db: None) -> None:
    answer = await AsyncClient().get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=/flower/")


async def test_for_other_users_there_is_no_flower(alice: User) -> None:
    assert (await (await sync_to_async(browser_of)(alice)).get("/flower/")).status_code == 404


@pytest.mark.usefixtures("flower")
async def test_who_may_see_it_is_asked_each_time(overseer: AsyncClient, staff: User) -> None:
    await read(overseer, "/flower/")
    await sync_to_async(User.objects.filter(id=staff.pk).update)(is_staff=False, is_superuser=False)
    assert (await overseer.get("/flower/")).status_code == 404
    await sync_to_async(Session.objects.all().delete)()
    assert (await overseer.get("/flower/")).status_code == 302


class Echo(BaseHTTPRequestHandler):
    """Stands in Flower's place, and remembers what it was sent."""

    heard: list[tuple[str, str, dict[str, str]]]
    status = 200

    def do_GET(self) -> None:
        self.heard.append((self.command, self.path, dict(self.headers)))
        self.send_response(self.status)
        self.send_header("Set-Cookie", "user=secret")
        self.send_header("Location", "https://evil.example/")
        self.end_headers()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo(settings: Settings) -> Iterator[type[Echo]]:
    Echo.heard, Echo.status = [], 200
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.FLOWER_PORT = server.server_port
        yield Echo
        server.shutdown()


async def test_nothing_of_the_person_goes_to_flower(
    overseer: AsyncClient, echo: type[Echo], settings: Settings
) -> None:
    headers = {"Authorization": "Bearer crn_secret", "X-Forwarded-For": "10.1.1.1", "Accept": "text/html"}
    answer: Answer = await overseer.get("/flower/tasks?name=a%20b", headers=headers)
    await body_of(answer)
    ((command, path, sent),) = echo.heard
    assert (command, path, sent["accept"]) == ("GET", "/flower/tasks?name=a%20b", "text/html")
    assert "cookie" not in {name.lower() for name in sent}
    assert "crn_secret" not in str(sent)
    assert "10.1.1.1" not in str(sent)
    secret = base64.b64decode(sent["Authorization"].removeprefix("Basic ")).decode()
    assert secret == f"carillon:{settings.FLOWER_SECRET}"
    assert not answer.has_header("Location")
    assert not answer.has_header("Set-Cookie")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("address", ["/flower/api/worker/shutdown/x", "/flower/", "/flower/tasks"])
async def test_nothing_but_reads_reaches_flower(
    method: str, address: str, overseer: AsyncClient, echo: type[Echo]
) -> None:
    assert (await getattr(overseer, method)(address)).status_code == 405
    assert echo.heard == []


async def test_the_question_for_the_table_is_bounded(overseer: AsyncClient, echo: type[Echo]) -> None:
    answer = await overseer.post("/flower/tasks/datatable", "x" * (POST_BYTES + 1), content_type="text/plain")
    assert (answer.status_code, echo.heard) == (413, [])


@pytest.mark.parametrize("name", ["Accept", "Accept-Language", "If-None-Match", "Content-Type"])
async def test_a_header_that_cannot_be_passed_on_is_left_out(
    name: str, overseer: AsyncClient, echo: type[Echo]
) -> None:
    await body_of(await overseer.get("/flower/", headers={name: "\u00ff"}))
    assert name.lower() not in {known.lower() for known in echo.heard[0][2] if known.lower() != "accept"}


async def test_flower_takes_no_files(overseer: AsyncClient, echo: type[Echo]) -> None:
    answer = await overseer.post("/flower/tasks/datatable", {"draw": "1"})
    assert (answer.status_code, echo.heard) == (415, [])


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_path_leads_out_of_flowers_own(trick: str, overseer: AsyncClient, echo: type[Echo]) -> None:
    await body_of(await overseer.get(f"/flower/{trick}"))
    assert all(path.startswith("/flower/") for _, path, _ in echo.heard)


async def test_a_flower_that_is_away_is_said_in_words(overseer: AsyncClient, settings: Settings) -> None:
    settings.FLOWER_PORT = free_port()
    answer = await overseer.get("/flower/")
    assert answer.status_code == 502
    assert b"Flower does not answer" in answer.content


@pytest.mark.usefixtures("flower")
async def test_a_flower_of_somebody_else_is_said_in_words(overseer: AsyncClient, settings: Settings) -> None:
    settings.FLOWER_SECRET = "another"
    answer = await overseer.get("/flower/")
    assert answer.status_code == 502
    assert not answer.has_header("WWW-Authenticate")
