"""A TCP proxy whose links can be made to fail while it runs: `python -m tests.faults.proxy control-socket`.

A process of its own. Each link listens on a port of loopback and leads to one address. Modes: `pass`, `drop` (a black
hole: nothing gets through, nobody is told), `delay`, `rst` (connections are reset, new ones too), `half_open` (one
direction is a black hole), `throttle`, and `cut` (the connection is reset instead of an answer that holds a word). What
a black hole has swallowed arrives when the link passes again, as TCP would have sent it anew.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

MODES = ("pass", "drop", "delay", "rst", "half_open", "throttle", "cut")
UP, DOWN = "up", "down"
_CHUNK = 65_536


@dataclass(frozen=True)
class Mode:
    """How a link behaves. `direction` is for half_open (up: from the client), `word` and `times` are for cut."""

    name: str = "pass"
    seconds: float = 0.0
    bytes_per_second: int = 0
    direction: str = DOWN
    word: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        if self.name not in MODES or self.direction not in (UP, DOWN):
            raise ValueError(f"no such mode: {asdict(self)}")

    def holds(self, direction: str) -> bool:
        """Nothing may pass this way."""
        return self.name == "drop" or (self.name == "half_open" and self.direction == direction)


class Link:
    """One port and what it leads to."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._mode = Mode()
        self._cuts_left = 0
        self._changed = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.count = 0

    async def listen(self) -> int:
        """Begin to listen; gives the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def turn(self, mode: Mode) -> None:
        """Behave so from now on; connections that exist are concerned as well."""
        async with self._changed:
            self._mode, self._cuts_left = mode, mode.times
            self._changed.notify_all()
        if mode.name == "rst":
            for writer in list(self._writers):
                _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        self._writers.add(writer)
        try:
            await self._serve(reader, writer)
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode.name == "rst":
            return
        await self._open(UP)
        there_reader, there = await asyncio.open_connection(*self._target)
        self._writers.add(there)
        pumps = [
            asyncio.create_task(self._pump(reader, there, UP)),
            asyncio.create_task(self._pump(there_reader, writer, DOWN)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers.discard(there)
            there.close()
            writer.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: str) -> None:
        """Carry bytes one way until either end has gone; a close, too, is only told where something passes."""
        while True:
            chunk = await source.read(_CHUNK)
            await self._open(direction)
            mode = self._mode
            if mode.name == "delay":
                await asyncio.sleep(mode.seconds)
            elif mode.name == "throttle":
                await asyncio.sleep(len(chunk) / mode.bytes_per_second)
            await self._open(direction)
            if not chunk:
                return
            if direction == DOWN and self._cuts(chunk):
                _reset(sink)
                return
            sink.write(chunk)
            await sink.drain()

    def _cuts(self, chunk: bytes) -> bool:
        if self._mode.name != "cut" or self._cuts_left < 1 or self._mode.word.encode() not in chunk:
            return False
        self._cuts_left -= 1
        return True

    async def _open(self, direction: str) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._mode.holds(direction))

    @property
    def cuts_left(self) -> int:
        """How many answers are still to be cut."""
        return self._cuts_left


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset where the connection is still open."""
    with contextlib.suppress(OSError):
        if (raw := writer.get_extra_info("socket")) is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    """All links by name, and the calls that control them, a JSON object a line."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        calls: dict[str, Callable[..., Awaitable[dict[str, Any]]]]
        calls = {"add": self._add, "turn": self._turn, "look": self._look}
        self._calls = calls

    async def _add(self, name: str, host: str, port: int) -> dict[str, Any]:
        link = self._links[name] = Link((host, port))
        return {"port": await link.listen()}

    async def _turn(self, names: list[str], **mode: Any) -> dict[str, Any]:
        wanted = Mode(**mode)
        for name in names:
            await self._links[name].turn(wanted)
        return {}

    async def _look(self, name: str) -> dict[str, Any]:
        return {"count": self._links[name].count, "cuts_left": self._links[name].cuts_left}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do what one control connection asks, line by line."""
        while line := await reader.readline():
            words = json.loads(line)
            try:
                answer = await self._calls[words.pop("do")](**words)
            except (KeyError, TypeError, ValueError) as error:
                answer = {"error": repr(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()


async def serve(control: str) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_unix_server(Proxy().answer, control + ".new")
    os.rename(control + ".new", control)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
