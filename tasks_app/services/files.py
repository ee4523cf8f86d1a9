"""Files that runs leave behind in storage: written aside, moved into place, handed out by signed links."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, ClassVar, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.urls import reverse
from django.utils import timezone

from tasks_app.errors import CarillonError, Conflict, Invalid, NotFound
from tasks_app.models import StoredFile
from tasks_app.services import audit

logger = logging.getLogger(__name__)

LINK_LIFETIME = timedelta(days=7)
LONGEST_LINK = timedelta(days=90)
_SALT = "tasks_app.file-link"
_PART = ".part-"

Writer = Callable[[IO[bytes]], object]


class LinkExpired(CarillonError):
    """The link was a good one once."""

    code: ClassVar[str] = "link_expired"


def file_store(  # noqa: PLR0913  # one value per column
    *,
    path: str,
    name: str,
    content_type: str,
    owner_id: int | None,
    run_id: str | None,
    task_id: str | None = None,
    purpose: str = StoredFile.Purpose.REPORT,
    expires_at: datetime | None,
    write: Writer,
) -> StoredFile:
    """Let `write` fill a file and give it its row; a file already at `path` is replaced in one step.

    Nothing is to be seen at `path` before `write` has ended well, and a failure leaves what was there before. Give
    attempts of one piece of work the same path, and running it twice leaves one file. A new file whose row cannot be
    written is taken out of storage again.
    """
    is_new = not StoredFile.objects.filter(path=path).exists()
    size = _write_aside(path, write)
    values = {
        "name": name,
        "content_type": content_type,
        "owner_id": owner_id,
        "run_id": run_id,
        "task_id": task_id,
        "purpose": purpose,
        "expires_at": expires_at,
        "size": size,
        # Its age is that of its content: a clean-up by age must not take what was replaced a moment ago.
        "created_at": timezone.now(),
    }
    try:
        return StoredFile.objects.update_or_create(path=path, defaults=values)[0]
    except BaseException:
        if is_new:
            _take_back(path)
        raise


def file_open(file: StoredFile) -> "File[bytes]":
    """Open a file for reading; raise `NotFound` when storage no longer has it."""
    try:
        return storages["default"].open(file.path, "rb")
    except FileNotFoundError:
        raise NotFound("The file is no longer in storage.") from None


@contextmanager
def file_rewindable(file: StoredFile) -> Iterator[BinaryIO]:
    """Open a file that can be read more than once; what storage gives once only is first copied to disk."""
    with file_open(file) as stored:
        if stored.seekable():
            yield cast(BinaryIO, stored)
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stored, copy)
            copy.seek(0)
            yield cast(BinaryIO, copy)


def file_delete(file: StoredFile) -> None:
    """Remove a file from storage, then its row; a row whose file has gone already goes too."""
    storages["default"].delete(file.path)
    audit.note_asked("file.delete", file, before={"name": file.name, "size": file.size, "purpose": file.purpose})
    file.delete()


def storage_fault() -> str:
    """Write, read and remove a small file; say what went wrong, or "" when nothing did."""
    storage, path = storages["default"], f"probe/{uuid4()}"
    try:
        saved = storage.save(path, ContentFile(b"carillon"))
        with storage.open(saved, "rb") as opened:
            is_same = opened.read() == b"carillon"
        storage.delete(saved)
    except OSError as error:
        return str(error)
    return "" if is_same else "storage gives back something else than was written"


def signed_url(file: StoredFile, *, lifetime: timedelta | None = None) -> str:
    """Give an absolute link that needs no sign-in, for `lifetime` or as long as the file lasts (7 days if for ever).

    No link outlives its file. A backup holds everybody's data and gets none.
    """
    if file.purpose == StoredFile.Purpose.BACKUP:
        raise Conflict("A backup gets no link; staff download it signed in.", code="no_link")
    token = signing.dumps({"file": str(file.id), "until": int(_link_end(file, lifetime).timestamp())}, salt=_SALT)
    return f"{settings.BASE_URL.rstrip('/')}{reverse('file-link', args=[token])}"


def link_create(*, file: StoredFile, lifetime: timedelta) -> tuple[str, datetime]:
    """Make a link with a lifetime that a person chose; gives it with its end."""
    if not timedelta(0) < lifetime <= LONGEST_LINK:
        message = f"A link lasts up to {LONGEST_LINK.days} days."
        raise Invalid.at("lifetime_seconds", "out_of_range", message)
    end = _link_end(file, lifetime)
    if end <= timezone.now():
        raise Conflict("The file has expired; a link to it would end at once.", code="expired")
    url = signed_url(file, lifetime=lifetime)
    audit.note_asked("file.link", file, after={"until": end})
    return url, end


def _link_end(file: StoredFile, lifetime: timedelta | None) -> datetime:
    if lifetime is None:
        return file.expires_at or timezone.now() + LINK_LIFETIME
    end = timezone.now() + lifetime
    return min(end, file.expires_at) if file.expires_at else end


def file_from_token(token: str) -> StoredFile:
    """Give the file of a signed link; raise `LinkExpired`, or `NotFound` for one that we never made.

    A link is its owner's word: it ends with the account, and a file that is a backup now is reached by none.
    """
    try:
        content = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise NotFound("There is no such file.") from None
    now = timezone.now()
    if now.timestamp() >= content["until"]:
        raise LinkExpired("This link has expired.")
    file = StoredFile.objects.select_related("owner").filter(pk=UUID(content["file"])).first()
    if file is None or file.purpose == StoredFile.Purpose.BACKUP or (file.owner and not file.owner.is_active):
        raise NotFound("The file has been removed.")
    if file.expires_at and file.expires_at <= now:
        raise LinkExpired("This link has expired.")
    return file


def _take_back(path: str) -> None:
    try:
        storages["default"].delete(path)
    except OSError as error:
        logger.warning("%s has no row and stays in storage: %s", path, error)


def _write_aside(path: str, write: Writer) -> int:
    storage = storages["default"]
    if isinstance(storage, FileSystemStorage):
        return _write_local(storage, path, write)
    return _write_remote(storage, path, write)


def _write_local(storage: FileSystemStorage, path: str, write: Writer) -> int:
    target = Path(storage.path(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_parts(target)
    handle, part = tempfile.mkstemp(prefix=f"{_PART}{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
            size = stream.tell()
        if storage.file_permissions_mode is not None:
            os.chmod(part, storage.file_permissions_mode)
        os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return size


def _clear_parts(target: Path) -> None:
    """Remove what a killed attempt left; whoever still writes to it has lost its claim, and fails at moving it."""
    for part in target.parent.glob(f"{_PART}{target.name}-*"):
        part.unlink(missing_ok=True)


def _write_remote(storage: Storage, path: str, write: Writer) -> int:
    """Object stores show an object only when its upload has ended, so the local copy is the aside."""
    with tempfile.TemporaryFile() as stream:
        write(stream)
        size = stream.tell()
        stream.seek(0)
        saved = storage.save(path, File(stream))
    if saved != path:
        storage.delete(saved)
        raise ImproperlyConfigured("This storage keeps the old file beside a new one; it must replace it.")
    return size
