"""An empty database that has its tables: each process of tests makes one, and copies it for every platform."""

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from scheduler_project.settings import BASE_DIR
from tests.live.database import own_database
from tests.live.surroundings import environment


@contextlib.contextmanager
def migrated_database(directory: Path) -> Iterator[dict[str, str]]:
    """Give the settings that name a database for a platform of that directory; it goes with the directory, or here."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with own_database(template=_template_on(url)) as made:
            yield made
    else:
        shutil.copy(_template_file(), directory)
        yield {}


@functools.cache
def _template_file() -> Path:
    directory = Path(settings.VAR_DIR) / "template"
    directory.mkdir()
    _migrate(directory)
    return directory / "db.sqlite3"


@functools.cache
def _template_on(url: str) -> str:
    name = f"carillon_template_{os.getpid()}"
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(own_database(name=name))
        _migrate(Path(settings.VAR_DIR), **made)
        atexit.register(stack.pop_all().close)
    return name


def _migrate(directory: Path, **options: str) -> None:
    own = {"VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "tests.live.settings", "ENVIRONMENT": "development"}
    words = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(words, cwd=BASE_DIR, env=environment(**own, **options), check=True)
