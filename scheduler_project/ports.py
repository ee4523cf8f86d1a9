"""Loopback ports of this checkout's mailbox and Flower: chosen before the first start and kept under var/.

Every process of the platform, and every command run by hand, reads the same file: several checkouts live side by side.
"""

import json
import socket
from pathlib import Path

DEFAULTS = {"mailbox": 1025, "flower": 5555}


def kept(directory: Path, name: str) -> int:
    """Give the port chosen for this checkout, or the usual one where none was chosen."""
    try:
        chosen = json.loads((directory / "ports.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return DEFAULTS[name]
    port = chosen.get(name) if isinstance(chosen, dict) else None
    return port if isinstance(port, int) else DEFAULTS[name]


def choose(directory: Path) -> dict[str, int]:
    """Choose a free port for each name; the one of the last start is kept while it is free."""
    wanted = {name: kept(directory, name) for name in DEFAULTS}
    chosen = {name: port if is_free("127.0.0.1", port) else _any_free() for name, port in wanted.items()}
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = directory / "ports.json.new"
    draft.write_text(json.dumps(chosen), encoding="ascii")
    draft.replace(directory / "ports.json")
    return chosen


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


def _any_free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
