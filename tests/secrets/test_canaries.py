"""A secret is planted in every field that takes one, used, made to fail, and then looked for everywhere."""

import base64
import contextlib
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
import redis

from tests.kinds.service import Service, running
from tests.live.platform import Platform
from tests.live.surroundings import eventually, short_directory
from tests.live.watcher import Watcher, watching
from tests.secrets import planting
from tests.web.test_every_address import ADDRESSES, filled

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(900)]

FIELDS = [
    "secret_key", "broker", "alice", "ada", "charlie", "bearer", "basic", "header", "oauth2", "signing",
    "authorization", "cookie", "api_header", "query", "url_token", "upload_token", "upload_header", "password",
    "leak_header",
]  # fmt: skip
Planted = dict[str, str]


def canaries() -> Planted:
    found = {name: f"cnry{name.replace('_', '')}{secrets.token_hex(12)}" for name in FIELDS}
    found["secret_key"] += secrets.token_urlsafe(40)
    found["field_key"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return found


@pytest.fixture(scope="module")
def planted() -> Planted:
    return canaries()


@pytest.fixture(scope="module")
def platform(planted: Planted) -> Iterator[Platform]:
    """The whole platform, with a broker that asks for a password."""
    with short_directory() as directory:
        settings = {
            "SECRET_KEY": planted["secret_key"],
            "FIELD_KEYS": planted["field_key"],
            "REDIS_URL": f"unix://carillon:{planted['broker']}@{directory}/redis.sock",
            "ALLOW_PRIVATE_ADDRESSES": "1",
            "MAIL_DOMAINS": "example.org",
            "LOG_FORMAT": "json",
        }
        with Platform(directory, settings) as platform:
            platform.wait_until_ready(platform.start("redis", REDIS_URL=""))
            with platform.redis() as client:
                client.acl_setuser(
                    "carillon",
                    enabled=True,
                    passwords=[f"+{planted['broker']}"],
                    keys=["*"],
                    channels=["*"],
                    commands=["+@all"],
                )
            platform.launch("mailbox", "web", "worker", "beat", "flower")
            yield platform


@pytest.fixture(scope="module")
def heard(platform: Platform) -> Iterator[list[str]]:
    """Every command that Redis has seen, publishes included."""
    commands: list[str] = []
    with platform.redis() as client, client.monitor() as monitor:
        ends = threading.Event()

        def listen() -> None:
            with contextlib.suppress(redis.ConnectionError, ValueError, AttributeError, OSError):
                for command in monitor.listen():
                    commands.append(str(command["command"]))
                    if ends.is_set():
                        return

        threading.Thread(target=listen, daemon=True).start()
        yield commands
        ends.set()


def credentials(planted: Planted, service: Service) -> list[dict[str, Any]]:
    kinds = {
        "bearer": {},
        "basic": {"username": "robot"},
        "header": {"header": "X-Own-Key"},
        "oauth2": {"token_url": service.url("/token"), "client_id": "carillon"},
        "signing": {},
    }
    hosts = [f"{service.host}:{service.port}"]
    return [
        {"name": kind, "kind": kind, "hosts": hosts, "secret": planted[kind], "details": details}
        for kind, details in kinds.items()
    ]


def tasks(planted: Planted, service: Service) -> list[dict[str, Any]]:
    """Tasks that use each secret well, and tasks that fail with it."""
    echo, broken = service.url("/echo"), service.url("/status?code=500")
    typed = {
        "Authorization": f"Bearer {planted['authorization']}",
        "Cookie": f"s={planted['cookie']}",
        "X-Api-Key": planted["api_header"],
    }
    calls: list[dict[str, Any]] = [
        {"url": echo, "headers": typed, "query": {"access_token": planted["query"], "page": "1"}},
        {"url": broken, "headers": typed, "query": {"access_token": planted["query"]}},
        {"url": f"{echo}?token={planted['url_token']}"},
        {"url": "http://127.0.0.1:9/gone?token=" + planted["url_token"], "headers": typed},
        *(
            {"url": url, "credential": kind}
            for kind in ("bearer", "basic", "header", "oauth2")
            for url in (echo, broken)
        ),
        {"url": echo, "signing": "signing", "method": "POST", "body": "x", "repeatable": True},
    ]
    upload = {"url": f"{broken}&signature={planted['upload_token']}", "headers": {"X-Token": planted["upload_header"]}}
    leaks = [
        {
            "password": planted["password"],
            "headers": {"X-Secret": planted["leak_header"]},
            "credential": kind,
            "url": echo,
        }
        for kind in ("bearer", "basic", "header", "oauth2")
    ]
    return [
        *({"type": "http_request", "payload": payload, "max_retries": 0} for payload in calls),
        {"type": "export_report", "payload": {"source": "runs", "upload": upload}, "max_retries": 0},
        *({"type": "probe.leak", "payload": payload} for payload in leaks),
    ]


def spellings(secret: str) -> set[str]:
    """A secret as it is, as URLs write it, and in base64, alone and behind the user name."""
    pair = base64.b64encode(f"robot:{secret}".encode()).decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode(), pair}


def found_in(text: str, planted: Planted) -> set[str]:
    return {name for name, secret in planted.items() if any(one in text for one in spellings(secret))}


@contextlib.contextmanager
def browsing(platform: Platform, planted: Planted, name: str) -> Iterator[httpx.Client]:
    with contextlib.closing(platform.signed_in(name, planted[name])) as client:
        yield client


def do_everything(platform: Platform, planted: Planted, service: Service, alice: httpx.Client) -> dict[str, str]:
    """Plant, run and fail; gives ids of what there is to look at."""
    answers = [alice.post("/api/credentials", json=one) for one in credentials(planted, service)]
    key = alice.post("/api/api-keys", json={"name": "ci", "scope": "manage"}).json()
    planted["api_key"] = key["key"]
    known: dict[str, str] = {"credential_id": answers[0].json()["id"], "key_id": key["id"]}
    for number, one in enumerate(tasks(planted, service)):
        made = alice.post("/api/tasks", json={"name": f"t{number}", "pause_after_failures": 5, **one})
        assert made.status_code == httpx.codes.CREATED, made.text
        known["task_id"] = made.json()["id"]
        headers = {"Authorization": f"Bearer {planted['api_key']}"} if number % 2 else {}
        ran = alice.post(f"/api/tasks/{known['task_id']}/run-now", headers=headers)
        assert ran.status_code == httpx.codes.ACCEPTED, ran.text
        known["run_id"] = ran.json()["id"]
        answers += [made, ran]
    assert [found_in(answer.text, planted) for answer in answers] == [set()] * len(answers)
    eventually(lambda: platform.do(planting.open_runs) == 0, 240, "every run has ended")
    report = alice.post(
        "/api/runs", json={"type": "export_report", "payload": {"source": "runs", "email": ["reader@example.org"]}}
    )
    assert report.status_code == httpx.codes.ACCEPTED, report.text
    eventually(lambda: platform.do(planting.open_runs) == 0, 120, "the report is made")
    return known


def pages(platform: Platform, known: dict[str, str], clients: dict[str, httpx.Client]) -> dict[str, str]:
    """Everything that each of these people can read, list or detail."""
    runs = [run["id"] for run in clients["alice"].get("/api/runs?page_size=200").json()["results"]]
    addresses = {filled(address, known) for address in ADDRESSES if "sign-out" not in address}
    addresses |= {f"/runs/{run}/" for run in runs} | {f"/api/runs/{run}/logs" for run in runs}
    addresses |= {f"/api/runs/{run}" for run in runs} | {f"/admin/tasks_app/taskrun/{run}/change/" for run in runs}
    addresses |= {f"/flower/{page}" for page in ("workers", "tasks", "broker", "task/" + runs[0])}
    addresses |= {f"/runs/?search={known['run_id']}", "/api/tasks?page_size=200", "/api/tasks/history?page_size=200"}
    found = {}
    for name, client in clients.items():
        for address in sorted(addresses):
            answer = client.get(address, follow_redirects=False)
            found[f"{name} {address}"] = answer.text + str([*answer.headers.multi_items()])
    return found


def on_disk(directory: Path) -> dict[str, str]:
    """Logs, mails, reports and the database's own file, byte for byte; but not what development keeps its keys in."""
    files = [path for path in directory.rglob("*") if path.is_file() and path.name not in ("secret-key", "field-keys")]
    return {str(path): path.read_bytes().decode("latin-1") for path in files}


def command_lines(platform: Platform) -> dict[str, str]:
    pids = [pid for process in platform.processes for pid in (process.pid, *process.children())]
    return {f"pid {pid}": Path(f"/proc/{pid}/cmdline").read_bytes().decode("latin-1") for pid in pids}


def kept_in_redis(platform: Platform) -> dict[str, str]:
    with platform.redis() as client:
        return {str(key): str(client.dump(key)) for key in client.scan_iter()}


def test_no_secret_is_found_anywhere(platform: Platform, planted: Planted, heard: list[str]) -> None:
    platform.do(planting.people, {name: planted[name] for name in ("alice", "ada", "charlie")})
    with (
        running() as service,
        browsing(platform, planted, "alice") as alice,
        browsing(platform, planted, "ada") as ada,
        browsing(platform, planted, "charlie") as charlie,
        watching(platform.url, dict(alice.cookies)) as watcher,
    ):
        watcher.subscribe("tasks")
        known = do_everything(platform, planted, service, alice)
        watcher.subscribe(f"run:{known['run_id']}")
        assert used(service, planted) == set()
        places = pages(platform, known, {"alice": alice, "ada": ada, "charlie": charlie})
        places["frames"] = frames(watcher)
    assert sum(text.count("••••") for text in places.values()) > 20
    assert {name for name, *_ in platform.do(planting.endings)} >= {"http_request", "probe.leak", "export_report"}
    places |= on_disk(platform.directory) | command_lines(platform) | kept_in_redis(platform)
    places |= {"rows": platform.do(planting.all_rows), "redis": "\n".join(heard)}
    assert len(platform.mails()) > 0
    assert len(heard) > 100
    leaks = {place: names for place, text in places.items() if (names := found_in(text, planted))}
    assert leaks == {}


def frames(watcher: Watcher) -> str:
    assert any(frame["type"] == "RunLog" for frame in watcher.frames)
    return "\n".join(map(str, watcher.frames))


def used(service: Service, planted: Planted) -> set[str]:
    """Name what should have reached the service and has not: a secret that nobody sends is easily kept."""
    text = "\n".join(f"{asked.path} {asked.query} {asked.headers} {asked.body!r}" for asked in service.asked)
    never = {
        "secret_key",
        "field_key",
        "broker",
        "alice",
        "ada",
        "charlie",
        "signing",
        "password",
        "leak_header",
        "api_key",
    }
    return set(planted) - never - found_in(text, planted)
