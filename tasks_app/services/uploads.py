"""Files that people bring: their names cleaned, their size limited, their type never believed."""

import mimetypes
import re
import unicodedata
from collections.abc import Iterable
from typing import IO, ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User

from tasks_app.errors import CarillonError, FieldError, Invalid
from tasks_app.models import StoredFile
from tasks_app.selectors.files import uploaded_bytes
from tasks_app.services import audit
from tasks_app.services.files import file_delete, file_store

MOST_CHARACTERS = 150
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,40}/[a-z0-9][a-z0-9!#$&^_.+-]{0,50}")
# What curl and forms say of any bytes says nothing.
_SAYS_NOTHING = {"application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream"}
ANY_BYTES = "application/octet-stream"


class UploadTooLarge(CarillonError):
    """The file, or all that its owner has uploaded, is more than is allowed."""

    code: ClassVar[str] = "too_large"


def file_upload(*, owner: User, name: str, content_type: str, chunks: Iterable[bytes]) -> StoredFile:
    """Store what comes in pieces as a file of the owner's; nothing is left of one that is refused on the way.

    The path in storage holds nothing that the owner wrote.
    """
    clean = clean_name(name)
    room = settings.UPLOAD_TOTAL_MAX_BYTES - uploaded_bytes(owner.pk)

    def write(stream: IO[bytes]) -> None:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            _check_size(size, room)
            stream.write(chunk)
        if not size:
            raise Invalid.at("file", "empty", "The file is empty.")

    file = file_store(
        path=f"uploads/{owner.pk}/{uuid4()}",
        name=clean,
        content_type=_type(content_type, clean),
        owner_id=owner.pk,
        run_id=None,
        purpose=StoredFile.Purpose.UPLOAD,
        expires_at=None,
        write=write,
    )
    # Others may have come at the same time, each measured against what was there before.
    if uploaded_bytes(owner.pk) > settings.UPLOAD_TOTAL_MAX_BYTES:
        file_delete(file)
        raise _no_room()
    audit.note("file.upload", file, after={"name": file.name, "size": file.size})
    return file


def clean_name(name: str) -> str:
    """Give the last part of a name without what is not to be seen in it; raise Invalid when nothing is left.

    Directories, control characters and those that turn the direction of writing go: `invoice\\u202efdp.exe` would be
    shown with another ending than it has.
    """
    base = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    kept = "".join(one for one in base if unicodedata.category(one)[0] != "C" and one not in "\u2028\u2029")
    words = " ".join(kept.split()).strip(". ")
    if not words:
        raise Invalid.at("name", "blank", "The file needs a name.")
    stem, dot, ending = words.rpartition(".")
    if len(words) <= MOST_CHARACTERS or len(ending) > MOST_CHARACTERS // 2:
        return words[:MOST_CHARACTERS]
    return f"{stem[: MOST_CHARACTERS - len(ending) - 1]}{dot}{ending}"


def too_large(most: int) -> UploadTooLarge:
    """Build the refusal of a file that is larger than one may be."""
    return _refusal(f"A file may have at most {shown_size(most)}.")


def shown_size(size: int) -> str:
    """Give a limit as people say it."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB"), (1024, "kB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"


def _check_size(size: int, room: int) -> None:
    if size > settings.UPLOAD_MAX_BYTES:
        raise too_large(settings.UPLOAD_MAX_BYTES)
    if size > room:
        raise _no_room()


def _no_room() -> UploadTooLarge:
    most = shown_size(settings.UPLOAD_TOTAL_MAX_BYTES)
    return _refusal(f"Your uploads may take {most} together; delete some first.")


def _refusal(message: str) -> UploadTooLarge:
    return UploadTooLarge(message, fields={"file": [FieldError("too_large", message)]})


def _type(given: str, name: str) -> str:
    """What the sender says where it is well formed, otherwise what the name says. Downloads trust neither."""
    said = given.partition(";")[0].strip().lower()
    if _TYPE.fullmatch(said) and said not in _SAYS_NOTHING:
        return said
    guessed, packed = mimetypes.guess_type(name)
    return ANY_BYTES if packed or not guessed else guessed
