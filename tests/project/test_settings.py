"""The settings as a whole: what a start needs, what stops it, and that the documentation says the same."""

import os
import runpy
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn

from scheduler_project import settings_docs
from scheduler_project.database_url import database
from scheduler_project.settings import BASE_DIR, env

KEY = "0123456789-a-key-for-the-tests-of-settings-in-production"
FIELD_KEY = "A" * 43 + "="
PRODUCTION = {"ENVIRONMENT": "production", "SECRET_KEY": KEY, "FIELD_KEYS": FIELD_KEY}

GIVES_UP_AFTER = (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Give an empty environment but for a directory; a test adds to it and loads."""
    for declared in env.declared:
        monkeypatch.delenv(declared.name, raising=False)
    return {"VAR_DIR": str(tmp_path / "var")}


def load(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, **more: str) -> dict[str, Any]:
    """Run the settings file in this environment."""
    for name, value in (environment | more).items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(BASE_DIR / "scheduler_project" / "settings.py"))


@pytest.mark.parametrize(
    ("variable", "given"),
    [
        ("SECRET_KEY", {"SECRET_KEY": ""}),
        ("SECRET_KEY", {"SECRET_KEY": "short"}),
        ("FIELD_KEYS", {"FIELD_KEYS": ""}),
        ("FIELD_KEYS", {"FIELD_KEYS": f"{FIELD_KEY},tooshort"}),
        ("DATABASE_URL", {"DATABASE_URL": "mysql://localhost/carillon"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://localhost"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://localhost:none/carillon"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://localhost/carillon?colour=red"}),
        ("REDIS_URL", {"REDIS_URL": "unix:///tmp/" + "x" * 100}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ","}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "https://tasks.example.org"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "tasks.example.org:8000"}),
        ("EMAIL_FROM", {"EMAIL_FROM": "nobody"}),
        ("EMAIL_FROM", {"EMAIL_FROM": "a@example.org\nBcc: b@example.org"}),
        ("VAR_DIR", {"VAR_DIR": "/dev/null", "SECRET_KEY": "", "ENVIRONMENT": "development"}),
        ("REDIS_URL", {"REDIS_URL": "localhost:6379"}),
        ("REDIS_URL", {"REDIS_URL": "sentinel://localhost"}),
        ("BASE_URL", {"BASE_URL": "tasks.example.org"}),
        ("BASE_URL", {"BASE_URL": "https://example.org/carillon"}),
        ("BASE_URL", {"BASE_URL": "https://example.org:port"}),
        ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "10.0.0.0/8,proxy"}),
        ("TIME_ZONE", {"TIME_ZONE": "Europe/Atlantis"}),
        ("EMAIL_URL", {"EMAIL_URL": "mail.example.org"}),
        ("STORAGE_URL", {"STORAGE_URL": "ftp://example.org/files"}),
        ("UPLOAD_MAX_BYTES", {"UPLOAD_MAX_BYTES": "none"}),
        ("STORAGE_URL", {"STORAGE_URL": "file://relative/path"}),
        ("WORKER_QUEUES", {"WORKER_QUEUES": ","}),
        ("WORKER_QUEUES", {"WORKER_QUEUES": "default,two words"}),
        ("PORT", {"PORT": "65536"}),
        ("LEASE_SECONDS", {"LEASE_SECONDS": "1"}),
        ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
        ("DEBUG", {"DEBUG": "perhaps"}),
        ("SECRET_KEY_FILE", {"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"}),
        ("VAR_DIR", {"VAR_DIR": "/tmp/" + "x" * 100}),
    ],
)
def test_a_broken_setting_stops_the_start_with_one_line(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    given: dict[str, str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        load(environment, monkeypatch, **PRODUCTION | given)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{variable}: ")


def test_no_command_shows_a_traceback_for_it(environment: dict[str, str]) -> None:
    given = os.environ | environment | {"PORT": "many", "DJANGO_SETTINGS_MODULE": "scheduler_project.settings"}
    manage = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env=given, capture_output=True, text=True, check=False
    )
    assert (manage.returncode, manage.stdout) == (2, "")
    assert manage.stderr == "PORT: must be a whole number from 1 to 65535, not 'many'\n"


def test_a_bare_checkout_makes_its_keys_and_keeps_them(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = load(environment, monkeypatch), load(environment, monkeypatch)
    assert (first["SECRET_KEY"], first["FIELD_KEYS"]) == (second["SECRET_KEY"], second["FIELD_KEYS"])
    assert not first["DEBUG"]
    files = sorted(Path(environment["VAR_DIR"]).iterdir())
    assert [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in files] == [
        ("field-keys", 0o600),
        ("secret-key", 0o600),
    ]


@pytest.mark.parametrize("given", [{"DATABASE_URL": "postgres://localhost/carillon"}, {"DEBUG": "0"}])
def test_anything_but_a_bare_checkout_must_be_given_its_keys(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    with pytest.raises(SystemExit):
        load(environment, monkeypatch, **given)
    assert load(environment, monkeypatch, **given, ENVIRONMENT="development")["SECRET_KEY"]


def test_sqlite_takes_its_write_lock_first_and_gets_the_longer_lease(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(environment, monkeypatch)
    assert loaded["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert (loaded["LEASE_SECONDS"], loaded["WORKER_CONCURRENCY"]) == (120, 2)


def test_postgresql_gets_the_shorter_lease_and_checked_connections(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(environment, monkeypatch, **PRODUCTION, DATABASE_URL="postgres://u:p%40@db.example.org:5433/carillon")
    database = loaded["DATABASES"]["default"]
    assert [database[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME")] == [
        "db.example.org",
        5433,
        "u",
        "p@",
        "carillon",
    ]
    assert database["CONN_HEALTH_CHECKS"]
    assert database["OPTIONS"]["connect_timeout"] == 5
    assert loaded["LEASE_SECONDS"] == 30


def test_a_database_that_vanishes_without_a_word_is_given_up_within_half_a_minute() -> None:
    assert socket_of("") == (15_000, 10, 5, 3)


def test_the_url_has_the_last_word_on_how_long_a_silent_database_is_waited_for() -> None:
    assert socket_of("?tcp_user_timeout=60000&keepalives_idle=120") == (60_000, 120, 5, 3)


def socket_of(query: str) -> tuple[int, ...]:
    """Connect as the settings say, and read from the live socket after how long it gives its peer up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = database(f"postgres://u@127.0.0.1:{server.getsockname()[1]}/carillon{query}", Path("unused"))
        where = {"host": config["HOST"], "port": config["PORT"], **config["OPTIONS"]}
        connecting = PGconn.connect_start(make_conninfo("", **where).encode())
        try:
            with socket.socket(fileno=os.dup(connecting.socket)) as ours:
                return tuple(ours.getsockopt(socket.IPPROTO_TCP, option) for option in GIVES_UP_AFTER)
        finally:
            connecting.finish()


def test_https_makes_cookies_secure_and_http_does_not(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = load(environment, monkeypatch, **PRODUCTION, BASE_URL="https://tasks.example.org")
    plain = load(environment, monkeypatch, **PRODUCTION, BASE_URL="http://tasks.example.org")
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS")
    assert all(secure[name] for name in names)
    assert not any(plain[name] for name in names)
    assert "tasks.example.org" in secure["ALLOWED_HOSTS"]


def test_mail_servers_are_reached_as_their_url_says(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(environment, monkeypatch, EMAIL_URL="smtp+tls://me:p%2Fw@mail.example.org")
    assert (loaded["EMAIL_HOST"], loaded["EMAIL_PORT"], loaded["EMAIL_USE_TLS"]) == ("mail.example.org", 587, True)
    assert (loaded["EMAIL_HOST_USER"], loaded["EMAIL_HOST_PASSWORD"]) == ("me", "p/w")


@pytest.mark.parametrize("path", settings_docs.pages(), ids=lambda path: path.name)
def test_the_documentation_lists_every_setting(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == settings_docs.pages()[path], "run `make docs`"
