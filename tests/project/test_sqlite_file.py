"""A file of SQLite that vanishes is missed, and not made anew."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections

from scheduler_project.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.django_db  # pytest-django lets nobody else open a database


@pytest.fixture
def opened(tmp_path: Path) -> DatabaseWrapper:
    """Give a database with a row in it, and no connection open."""
    defaults: dict[str, Any] = connections["default"].settings_dict
    settings = {
        **defaults,
        "ENGINE": "scheduler_project.sqlite",
        "NAME": str(tmp_path / "a b#c.sqlite3"),
        "OPTIONS": {},
    }
    wrapper = DatabaseWrapper(settings, "other")
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (value)")
        cursor.execute("INSERT INTO kept VALUES (7)")
    wrapper.close()
    return wrapper


def value(wrapper: DatabaseWrapper) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT value FROM kept")
        (found,) = cursor.fetchone()
    wrapper.close()
    return int(found)


def test_a_file_that_is_there_is_opened_again(opened: DatabaseWrapper) -> None:
    assert value(opened) == 7


def test_a_file_that_has_gone_is_no_empty_database_and_serves_again_when_it_is_back(opened: DatabaseWrapper) -> None:
    path = Path(opened.settings_dict["NAME"])
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(OperationalError, match="unable to open database file"):
        value(opened)
    assert not path.exists()
    path.write_bytes(kept)
    assert value(opened) == 7
