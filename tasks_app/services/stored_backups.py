"""Backups as storage has them, by their names there: for a platform whose rows are gone."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import storages

from tasks_app.services.backups import working_directory
from tasks_app.services.restoring import Refused

_FOLDER = "backups"


@dataclass(frozen=True, order=True)
class StoredBackup:
    """One of them."""

    stored_at: datetime
    path: str
    size: int


def stored_backups() -> list[StoredBackup]:
    """Give those that storage has, oldest first; raise `Refused` where it does not say."""
    storage = storages["default"]
    try:
        paths = [
            f"{_FOLDER}/{folder}/{name}"
            for folder in storage.listdir(_FOLDER)[0]
            for name in storage.listdir(f"{_FOLDER}/{folder}")[1]
            if not name.startswith(".")
        ]
        return sorted(StoredBackup(storage.get_modified_time(path), path, storage.size(path)) for path in paths)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Refused(str(error)) from None


@contextlib.contextmanager
def backup_fetched(path: str) -> Iterator[Path]:
    """Give a backup of storage as a file on this machine, while the block lasts; raise `Refused`."""
    with working_directory() as directory:
        copy = directory / (PurePosixPath(path).name or "backup")
        try:
            with storages["default"].open(path, "rb") as stored, copy.open("xb") as target:
                shutil.copyfileobj(stored, target)
        except (OSError, SuspiciousOperation) as error:
            raise Refused(f"{path} cannot be fetched from storage: {error}") from None
        yield copy
