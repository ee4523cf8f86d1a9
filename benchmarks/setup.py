"""Makes the peers' environments, each its own with locked packages: `python -m benchmarks.setup [name …]`."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = HERE / "peers"
ENVIRONMENTS = HERE / ".peers"


def names() -> list[str]:
    """Give every peer that has a lock of its packages."""
    return sorted(path.parent.name for path in PROGRAMS.glob("*/requirements.txt"))


def python_of(name: str) -> Path:
    """Give the Python of a peer's environment."""
    return ENVIRONMENTS / name / "bin" / "python"


def is_ready(name: str) -> bool:
    """Say whether the environment has just what the lock says."""
    stamp = ENVIRONMENTS / name / "lock"
    return stamp.exists() and stamp.read_text(encoding="ascii") == _lock(name)


def make(name: str) -> None:
    """Make the environment anew and install what the lock says."""
    place = ENVIRONMENTS / name
    shutil.rmtree(place, ignore_errors=True)
    uv = str(Path(sys.executable).parent / "uv")
    requirements = str(PROGRAMS / name / "requirements.txt")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    words = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(python_of(name))]
    subprocess.run([*words, "-r", requirements], check=True)
    (place / "lock").write_text(_lock(name), encoding="ascii")


def main(wanted: list[str]) -> int:
    """Make those of the names, or all, that are not there yet or are out of date."""
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"There is no peer {', '.join(sorted(unknown))}; there are {', '.join(names())}.", file=sys.stderr)
        return 2
    for name in wanted or names():
        if not is_ready(name):
            print(f"Installing {name}.")
            make(name)
    return 0


def _lock(name: str) -> str:
    return hashlib.sha256((PROGRAMS / name / "requirements.txt").read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
