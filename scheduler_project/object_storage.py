"""Files in a bucket: django-storages' S3, reading as a stream and writing in one step.

An object is seen under its name only when its upload has ended, and replaces what was there then; a reader of the old
one reads it to its end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

if TYPE_CHECKING:
    _File = File[bytes]
else:
    _File = File

CHUNK_BYTES = 256 * 1024
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 3},
    # Checksums in a trailer are news to many servers that speak S3.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# A thread of its own would not hear that the run was told to stop.
_TRANSFER = TransferConfig(use_threads=False)


class StorageAway(OSError):
    """The storage does not answer, or refuses."""


class ObjectStorage(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """A bucket. What it lacks is a FileNotFoundError, what goes wrong otherwise an OSError, as with a directory."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_config: Config = self.client_config.merge(_CONFIG)
        self.transfer_config = _TRANSFER
        # Guessed from the name, a type or an encoding would say something that nobody has checked.
        self.object_parameters = {"ContentType": "application/octet-stream"}

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError(f"objects are only read: {mode!r}")
        key = self._normalize_name(clean_name(name))
        with _said(name):
            found = self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=key)
        return StreamedObject(found["Body"], name, found["ContentLength"])

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _said(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        """Remove it; one that is not there is removed already."""
        with _said(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        """Say whether there is one."""
        with _said(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        """Give its bytes."""
        with _said(name):
            return int(super().size(name))

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        """Give the folders and the files in a folder."""
        with _said(name):
            folders, files = super().listdir(name)
        return folders, files

    def get_modified_time(self, name: str) -> datetime:
        """Say when it was stored."""
        with _said(name):
            stored_at: datetime = super().get_modified_time(name)
        return stored_at


class StreamedObject(_File):
    """An object while it comes: read forwards, once, never whole in memory."""

    def __init__(self, body: IO[bytes], name: str, size: int) -> None:
        super().__init__(body, name)
        self.size = size

    def read(self, size: int = -1) -> bytes:
        """Read on; -1 reads to the end."""
        assert self.file is not None
        with _said(self.name or ""):
            # botocore's body reads to the end for None alone.
            return self.file.read() if size < 0 else self.file.read(size)

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Give the rest in pieces."""
        while piece := self.read(chunk_size or CHUNK_BYTES):
            yield piece

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks()

    def seekable(self) -> bool:
        """There is no way back."""
        return False


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Turn what boto raises into what a directory would raise; the words hold neither address nor key."""
    try:
        yield
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:  # noqa: PLR2004  # Not Found
            raise FileNotFoundError(f"{name} is not in storage") from None
        code = error.response.get("Error", {}).get("Code", "an error")
        raise StorageAway(f"storage refuses {name}: {code}") from None
    except (BotoCoreError, Boto3Error) as error:
        raise StorageAway(f"storage does not answer: {type(error).__name__}") from None
