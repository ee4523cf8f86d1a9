"""The two ways to a checked copy: SQLite's online backup, and pg_dump."""

import gzip
import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from typing import IO, Any, Protocol

from tasks_app.handlers import RunContext
from tasks_app.models import StoredFile
from tasks_app.services import backups
from tasks_app.services.backups import BackupFailed
from tasks_app.services.files import file_open, file_rewindable

CHUNK_BYTES = 1024 * 1024


class Copy(Protocol):
    """A copy in the making: `write` fills a file, `verify` reads what storage made of it."""

    suffix: str
    sha256: str

    def write(self, stream: IO[bytes]) -> None:
        """Write the copy."""

    def verify(self, file: StoredFile) -> str:
        """Raise `BackupFailed` unless storage holds a sound copy; says what was looked at."""


class SqliteCopy:
    """A file of its own, copied in small steps, checked, then stored."""

    def __init__(self, ctx: RunContext, *, compress: bool) -> None:
        self._ctx = ctx
        self._is_compressed = compress
        self.suffix = ".sqlite3.gz" if compress else ".sqlite3"
        self.sha256 = ""

    def write(self, stream: IO[bytes]) -> None:
        """Copy, check and write."""
        ctx = self._ctx
        with backups.working_directory() as directory:
            path = directory / "copy.sqlite3"
            backups.sqlite_copy(
                path, tell=lambda done, total: ctx.progress(done, total, "copying pages"), check=ctx.check_stop
            )
            backups.sqlite_verify(path, check=ctx.check_stop)
            hashing = _Hashing(stream)
            packed: Any = gzip.GzipFile("", "wb", 6, hashing, 0) if self._is_compressed else nullcontext(hashing)
            with packed as target, path.open("rb") as source:
                _pour(source, target.write, ctx.check_stop)
        self.sha256 = hashing.hexdigest()

    def verify(self, file: StoredFile) -> str:
        """Compare; the copy itself was found sound before it was stored."""
        with file_open(file) as opened:
            _compare(opened, self.sha256, self._ctx.check_stop)
        return "integrity_check, sha256"


class PostgresCopy:
    """What pg_dump says, written to storage as it comes."""

    def __init__(self, ctx: RunContext, *, compress: bool) -> None:
        self._ctx = ctx
        self._is_compressed = compress
        self._tools = backups.postgres_tools()
        self.suffix = ".dump"
        self.sha256 = ""

    def write(self, stream: IO[bytes]) -> None:
        """Dump."""
        ctx, hashing = self._ctx, _Hashing(stream)
        backups.postgres_dump(
            hashing.write,
            self._tools,
            compress=self._is_compressed,
            tell=lambda done, total: ctx.progress(done, total, "dumping, in bytes"),
            check=ctx.check_stop,
        )
        self.sha256 = hashing.hexdigest()

    def verify(self, file: StoredFile) -> str:
        """Compare, and let pg_restore read it all."""
        with file_rewindable(file) as opened:
            _compare(opened, self.sha256, self._ctx.check_stop)
            count = backups.postgres_verify(self._tools, opened, check=self._ctx.check_stop)
        return f"pg_restore, {count} tables, sha256"


class _Hashing:
    """A stream for writing that knows the digest of what went through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.hexdigest = self._digest.hexdigest

    def write(self, piece: bytes) -> int:
        self._digest.update(piece)
        return self._stream.write(piece)

    def flush(self) -> None:
        self._stream.flush()


def _compare(opened: Any, expected: str, check: Callable[[], object]) -> None:
    digest = hashlib.sha256()
    _pour(opened, digest.update, check)
    if digest.hexdigest() != expected:
        raise BackupFailed("storage gives back something else than was written")


def _pour(source: Any, take: Callable[[bytes], object], check: Callable[[], object]) -> None:
    while piece := source.read(CHUNK_BYTES):
        take(piece)
        check()
