"""How much memory a process has held."""

from pathlib import Path


def peak_mb(pid: int | str = "self") -> float | None:
    """The most memory that the process has held; unlike getrusage's, without what its parent held."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)
