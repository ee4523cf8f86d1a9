"""What stands open stops the start, in every process, with one line that names the variable."""

import subprocess
import sys
from pathlib import Path

import pytest

from scheduler_project import doors
from scheduler_project.env import Env, SettingFault
from scheduler_project.keys import secret_key
from scheduler_project.settings import BASE_DIR
from tests.live.surroundings import environment

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zb1-tests-only-4q8XH2mVtY0rKpLw7uEoNcJd5sGfQ3iAyBx6hRk9",
    "FIELD_KEYS": "A" * 43 + "=",
    "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
}
OPEN = [
    ("SECRET_KEY", {"SECRET_KEY": ""}),
    ("SECRET_KEY", {"SECRET_KEY": "Kq7-brief"}),
    ("SECRET_KEY", {"SECRET_KEY": "django-insecure-" + "a1b2c3d4e5f6g7h8" * 3}),
    ("SECRET_KEY", {"SECRET_KEY": "x" * 64}),
    ("SECRET_KEY", {"SECRET_KEY": "abc123" * 12}),
    ("SECRET_KEY", {"SECRET_KEY": "Change_Me_" + "0123456789" * 5}),
    ("FIELD_KEYS", {"FIELD_KEYS": ""}),
    ("DEBUG", {"DEBUG": "1", "BASE_URL": "https://tasks.example.com"}),
    ("DEBUG", {"DEBUG": "1", "ALLOWED_HOSTS": "localhost,.example.com"}),
    ("DEBUG", {"DEBUG": "1", "ALLOWED_HOSTS": "*"}),
    ("DEBUG", {"DEBUG": "1", "ENVIRONMENT": "development", "BASE_URL": "http://8.8.8.8"}),
    ("REDIS_URL", {"REDIS_URL": "redis://10.0.0.5:6379/0"}),
    ("REDIS_URL", {"REDIS_URL": "rediss://redis.internal/0"}),
    ("REDIS_URL", {"REDIS_URL": "sentinel://localhost,10.0.0.5/0?master_name=m"}),
]


def run(*words: str, directory: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        cwd=BASE_DIR,
        env=environment(**{**PRODUCTION, "VAR_DIR": str(directory), **settings}),
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


@pytest.mark.parametrize(("variable", "settings"), OPEN)
def test_no_process_starts_with_a_door_open(variable: str, settings: dict[str, str], tmp_path: Path) -> None:
    process = ("web", "worker", "beat", "flower")[len(str(settings)) % 4]
    done = run("-m", "scheduler_project.start", process, directory=tmp_path, **settings)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{variable}: ")
    assert not any(value and value in line for name, value in settings.items() if name == "SECRET_KEY")


def test_a_closed_platform_passes_every_check_for_deployment(tmp_path: Path) -> None:
    settings = {"BASE_URL": "https://tasks.example.com", "REDIS_URL": "redis://:a-password@10.0.0.5/0", "DEBUG": "0"}
    done = run(
        "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING", directory=tmp_path, **settings
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "given",
    [
        {"REDIS_URL": "redis://127.0.0.1:6379/0"},
        {"REDIS_URL": "redis://localhost/0"},
        {"REDIS_URL": "redis://[::1]/0"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"REDIS_URL": "redis://:password@10.0.0.5/0"},
        {"REDIS_URL": "sentinel://:password@10.0.0.5,10.0.0.6/0?master_name=m"},
        {"REDIS_URL": "rediss://redis.internal/0?ssl_certfile=/etc/client.pem&ssl_keyfile=/etc/client.key"},
        {"REDIS_URL": "rediss+sentinel://10.0.0.5/0?master_name=m&ssl_certfile=/client.pem&ssl_keyfile=/client.key"},
        {"REDIS_URL": "redis://10.0.0.5/0", "REDIS_TRUSTED_NETWORK": "1"},
    ],
)
def test_a_broker_that_asks_who_comes_is_taken(given: dict[str, str]) -> None:
    refuse(given)


def test_development_may_use_an_open_broker() -> None:
    refuse({"REDIS_URL": "redis://10.0.0.5/0"}, is_development=True)
    for url in ("redis://10.0.0.5/0", "rediss+sentinel://10.0.0.5/0?master_name=m"):
        with pytest.raises(SettingFault):
            refuse({"REDIS_URL": url})


def refuse(given: dict[str, str], *, is_development: bool = False) -> None:
    doors.refuse_open(
        Env(given),
        redis=given["REDIS_URL"],
        base_url="https://tasks.example.com",
        hosts=[],
        debug=False,
        is_development=is_development,
    )


@pytest.mark.parametrize("host", ["example.com", ".example.com", "*", "8.8.8.8", "[2606:4700::1111]", "a.localhost.io"])
def test_a_host_that_strangers_reach_is_public(host: str) -> None:
    assert doors.is_public(host)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "[::1]", "10.1.2.3", "web", "a.localhost", ".localhost", "nas.local", "web.internal"],
)
def test_a_host_of_this_machine_or_network_is_not(host: str) -> None:
    assert not doors.is_public(host)


def test_plain_http_on_a_public_host_is_warned_of() -> None:
    assert doors.plain_http("http://tasks.example.com").startswith("BASE_URL: ")
    for url in ("https://tasks.example.com", "http://localhost:8000", "http://10.0.0.7"):
        assert doors.plain_http(url) == ""


@pytest.mark.parametrize(
    "key",
    [
        "0123456789" * 6,
        "97ae8cd0efae653205eff75890c05bfeae04f325e4209fe68a4ade98f14a7405",
        "correct horse battery staple and so on, for fifty",
    ],
)
def test_a_key_that_may_be_random_is_taken(key: str, tmp_path: Path) -> None:
    key = key.ljust(50, "!")
    assert secret_key(Env({"SECRET_KEY": key}), tmp_path, make=False) == key


@pytest.mark.parametrize(
    "value", ["app.example.com", "https://app.example.com/", "ftp://a.example", "null", "*,https://a.example"]
)
def test_what_is_no_origin_stops_the_start(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingFault):
        doors.cors_origins(Env({"CORS_ORIGINS": value}))
    assert capsys.readouterr().err.startswith("CORS_ORIGINS: ")
