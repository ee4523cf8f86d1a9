"""A small disk for a database, in memory, that a test can fill up to its last byte."""

import contextlib
import errno
import os
import subprocess
from pathlib import Path

_BLOCK = bytes(4096)


class Disk:
    """A file system of its own; making one takes the rights of root."""

    path: Path

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes

    def mount(self, path: Path) -> None:
        """Let it be there."""
        path.mkdir(exist_ok=True)
        options = f"size={self._megabytes}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "carillon-small-disk", str(path)], check=True)
        self.path = path

    def unmount(self) -> None:
        """Take it away, though somebody may still look at it."""
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self) -> None:
        """Leave no room on it."""
        with self._ballast.open("ab", buffering=0) as file:
            try:
                while file.write(_BLOCK):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"


def can_mount() -> bool:
    """Say whether this process may make one."""
    with contextlib.suppress(OSError):
        words = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        return os.getuid() == 0 and subprocess.run(words, check=False, capture_output=True).returncode == 0
    return False
