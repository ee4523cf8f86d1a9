"""Loopback ports of this checkout's mailbox and Flower: chosen before the first start and kept under var/.

Every process of the platform, and every command run by hand, reads the same file: several checkouts live side by side.
"""

import json
import socket
from pathlib import Path

DEFAULTS = {"mailbox": 1025, "flower": 5555}


def kept(directory: Path, name: str) -> int:
    """Give the port chosen for this checkout, or the usual one where none was chosen."""
    return _chosen(directory).get(name, DEFAULTS[name])


def choose(directory: Path) -> dict[str, int]:
    """Choose a port for each name: the one of the last start while it is free, otherwise any.

    Not the usual ones, on which two checkouts that start at once would meet.
    """
    before = _chosen(directory)
    chosen: dict[str, int] = {}
    for name in DEFAULTS:
        port = before.get(name)
        while port is None or port in chosen.values() or not is_free("127.0.0.1", port):
            port = any_free()
        chosen[name] = port
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = directory / "ports.json.new"
    draft.write_text(json.dumps(chosen), encoding="ascii")
    draft.replace(directory / "ports.json")
    return chosen


def _chosen(directory: Path) -> dict[str, int]:
    try:
        found = json.loads((directory / "ports.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in found.items() if type(port) is int} if isinstance(found, dict) else {}


def is_free(address: str, port: int) -> bool:
    """Tell whether the port can be bound now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """Give a loopback port that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
