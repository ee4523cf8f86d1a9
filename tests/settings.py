"""The project's own settings, in an environment that the machine's cannot disturb.

DATABASE_URL chooses the database, as everywhere; all else lives in a directory that goes when the process ends.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

OWNER = os.getpid()
PREFIX = "carillon-test-"


def _clean_up() -> None:
    if os.getpid() == OWNER:  # a forked child must not remove what its parent still uses
        shutil.rmtree(DIRECTORY, ignore_errors=True)


def _sweep() -> None:
    """Remove what processes left that were killed, or that end without a word, as mypy does."""
    for left in Path("/tmp").glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            pass  # somebody else's


def _forget_settings() -> None:
    """Take every setting of the platform out of the environment."""
    for line in (Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8").splitlines():
        name = line.lstrip("# ").partition("=")[0]
        for variable in (name, f"{name}_FILE"):
            if variable != "DATABASE_URL":
                os.environ.pop(variable, None)


_sweep()
# Short, because a unix socket's path must be.
DIRECTORY = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{OWNER}-", dir="/tmp"))
atexit.register(_clean_up)
_forget_settings()
os.environ.update(
    VAR_DIR=str(DIRECTORY),
    ENVIRONMENT="development",
    SECRET_KEY="a key that signs nothing but what the tests themselves sign",
    MAIL_DOMAINS="example.org",
    # Tests of the limits set their own; all others begin with a Redis that remembers the tests before them.
    **dict.fromkeys(("CREATES_PER_MINUTE", "RUN_NOW_PER_MINUTE", "RUNS_PER_HOUR"), "0"),
)

from scheduler_project.settings import *  # noqa: E402, F403
from scheduler_project.settings import DATABASES, IS_SQLITE  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Every test client makes its own middleware, which otherwise looks at each static file first.
WHITENOISE_AUTOREFRESH = True
TYPE_RULE_SECONDS = 0.0
if IS_SQLITE:
    # A file, as in production: in memory, SQLite locks whole tables and fails where a file would wait.
    DATABASES["default"]["TEST"] = {"NAME": str(DIRECTORY / "test.sqlite3")}
