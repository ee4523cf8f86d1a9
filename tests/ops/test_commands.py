"""`probe` and `doctor`: one line, and the exit code is the answer."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO

import pytest
import redis
from celery import current_app
from django.conf import settings as configured
from django.core.management import call_command
from pytest_django import Settings

from tasks_app.models import Beat, Worker
from tests.ops.conftest import make_beat, make_worker

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> tuple[int, list[str]]:
    """Run a command in this process; gives its exit code and its lines."""
    out = StringIO()
    try:
        call_command(*words, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def in_a_shell(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *words]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.run(
        command, cwd=configured.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["probe"], "manage.py probe: the following arguments are required: process"),
        (["probe", "cron"], "manage.py probe: argument process: invalid choice: 'cron'"),
        (["doctor", "now"], "manage.py: unrecognized arguments: now"),
        (["bootstrap", "now"], "manage.py: unrecognized arguments: now"),
    ],
)
def test_bad_arguments_get_one_line_and_code_2(words: list[str], line: str) -> None:
    ended = in_a_shell(*words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert line.partition(": ")[2] in ended.stderr


def test_a_worker_of_this_host_must_report() -> None:
    here = socket.gethostname()
    assert run("probe", "worker") == (1, [f"worker: no worker of {here} reports"])
    make_worker("carillon@there", hostname="there")
    assert run("probe", "worker")[0] == 1
    make_worker(f"carillon@{here}", hostname=here)
    assert run("probe", "worker") == (0, [f"worker: carillon@{here}"])
    Worker.objects.update(stopped_at="2030-01-01T00:00Z")
    assert run("probe", "worker")[0] == 1


def test_a_beat_of_this_host_must_tick() -> None:
    here = socket.gethostname()
    make_beat("beat:there:1")
    assert run("probe", "beat") == (1, [f"beat: no beat of {here} ticks"])
    make_beat(f"beat:{here}:7")
    assert run("probe", "beat") == (0, [f"beat: beat:{here}:7"])
    Beat.objects.update(last_tick_at="2020-01-01T00:00Z")
    assert run("probe", "beat")[0] == 1


class Web(BaseHTTPRequestHandler):
    """Answers `/readyz` of the right host as it is told."""

    status = 200
    asked: tuple[str, str | None] = ("", None)

    def do_GET(self) -> None:
        type(self).asked = (self.path, self.headers["Host"])
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web(settings: Settings) -> Iterator[type[Web]]:
    Web.status = 200
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.PORT = server.server_port
        yield Web
        server.shutdown()


def test_the_web_process_must_be_ready(web: type[Web], settings: Settings) -> None:
    settings.BASE_URL = "https://tasks.example.org"
    assert run("probe", "web") == (0, ["web: /readyz answers 200"])
    assert web.asked == ("/readyz", "tasks.example.org")
    web.status = 503
    assert run("probe", "web") == (1, ["web: /readyz answers 503"])


def test_a_web_process_that_is_not_there_is_said(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.PORT = taken.getsockname()[1]
        code, (line,) = run("probe", "web")
    assert code == 1
    assert f"port {settings.PORT} does not answer" in line


@pytest.mark.usefixtures("platform", "valkey")
def test_the_doctor_finds_nothing_wrong_with_a_healthy_platform() -> None:
    code, (line,) = run("doctor")
    assert (code, line.partition(":")[0]) == (0, "nothing is wrong")


@pytest.mark.usefixtures("platform")
def test_the_doctor_says_each_fault_in_a_line(settings: Settings, empty_redis: redis.Redis) -> None:
    Beat.objects.all().delete()
    Worker.objects.all().delete()
    empty_redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        code, lines = run("doctor")
    finally:
        empty_redis.config_set("maxmemory-policy", "noeviction")
    assert code == 1
    assert [line.partition(":")[0] for line in lines] == ["broker policy", "beat", "workers"]


@pytest.mark.usefixtures("platform")
def test_the_doctor_says_that_the_broker_is_away(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    code, (line,) = run("doctor")
    assert code == 1
    assert line.startswith("broker: Redis does not answer")


@pytest.mark.usefixtures("valkey")
def test_the_doctor_can_look_at_the_configuration_alone() -> None:
    assert run("doctor", "--configuration")[0] == 0


@pytest.mark.usefixtures("platform", "valkey")
@pytest.mark.parametrize("scheduler", ["django_celery_beat.schedulers:DatabaseScheduler", "no.such:Thing"])
def test_the_doctor_knows_a_foreign_scheduler(scheduler: str) -> None:
    ours = current_app.conf.beat_scheduler
    current_app.conf.beat_scheduler = scheduler
    try:
        code, (line,) = run("doctor")
    finally:
        current_app.conf.beat_scheduler = ours
    assert code == 1
    assert line.startswith("beat scheduler: ")
