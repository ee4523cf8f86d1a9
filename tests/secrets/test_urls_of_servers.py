"""The passwords in the URLs of the platform's own servers: known wherever they may appear, and told by no fault."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from scheduler_project import checked, storage_url
from scheduler_project.database_url import database
from scheduler_project.env import SettingFault
from tasks_app.apps import _own_secrets

ODD = [
    "cnry/cnry2",
    "12/cnry",
    "cnry#x",
    "cnry?x",
    "[cnry",
    "cnry]",
    "99999999/cnry",
    "%zzcnry",
    "cnry@cnry",
    "cn ry",
    "cnry\u2100",
]
READ: list[tuple[str, Any]] = [
    ("redis://user:{}@redis.example.com/0", lambda url: checked.redis(url, is_given=True)),
    ("rediss+sentinel://user:{}@a,b/0?master_name=m", lambda url: checked.redis(url, is_given=True)),
    ("unix://user:{}@/run/redis.sock", lambda url: checked.redis(url, is_given=True)),
    ("postgres://user:{}@db.example.com/carillon", lambda url: database(url, Path("x"))),
    ("smtp+tls://user:{}@mail.example.com:25", checked.email),
    ("s3://KEY:{}@s3.example.com/bucket", storage_url.storage),
]


@pytest.mark.parametrize("password", ODD)
@pytest.mark.parametrize(("url", "read"), READ, ids=lambda value: str(value)[:14])
def test_a_fault_repeats_nothing_of_a_password(
    url: str, read: Any, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(SettingFault):  # it is told on stderr
        read(url.format(password))
    told = capsys.readouterr()
    assert "cnry" not in told.out + told.err


def test_the_passwords_of_all_servers_are_known(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://redis.example.com/0?username=x&password=cnry%2Dredis"
    settings.EMAIL_HOST_PASSWORD = "cnry-mail"
    options = {"password": "cnry-option", "sslpassword": "cnry-key"}
    monkeypatch.setitem(configured.DATABASES["default"], "PASSWORD", "cnry-database")
    monkeypatch.setitem(configured.DATABASES["default"], "OPTIONS", options)
    settings.STORAGES = {**configured.STORAGES, "default": {"BACKEND": "x", "OPTIONS": {"secret_key": "cnry-storage"}}}
    found = {secret for secret in _own_secrets() if secret.startswith("cnry")}
    assert found == {f"cnry-{name}" for name in ("redis", "mail", "database", "option", "key", "storage")}
