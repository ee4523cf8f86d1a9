"""What is done to a cluster, by a seed, each deed written to nemesis.jsonl before it is done."""

import contextlib
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from random import Random

import redis

from tests.faults.cluster import WRONG, Cluster
from tests.live import inside
from tests.live.process import Process
from tests.live.surroundings import eventually

QUEUE_KEY = "carillon:default"
GARBAGE = (b"", b"\x00\xff not a message", b'{"body": 1}', b"[]", b'{"body": "e30=", "headers": {}, "properties": {}}')
WORK = "tasks_app.work"


class Nemesis:
    """The deeds. Those that last are undone by the cluster's `heal`."""

    def __init__(self, cluster: Cluster, seed: int = 0) -> None:
        self.cluster = cluster
        self.rng = Random(seed)

    def last(self, seconds: float) -> None:
        """Let a fault last: its length is part of the fault, nothing is waited for."""
        threading.Event().wait(seconds)

    # Processes.

    def kill_child(self) -> None:
        """Kill a worker's child, if there is one now."""
        worker = self._any("worker")
        if worker is not None and (children := worker.children()):
            child = self.rng.choice(children)
            self.cluster.note("kill -9", f"child {child} of {worker.title}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def kill(self, kind: str) -> None:
        """Kill a process of the kind, with its children."""
        if (process := self._any(kind)) is not None:
            self.cluster.kill_group(process)

    def kill_parent(self) -> None:
        """Kill a worker's parent alone."""
        if (worker := self._any("worker")) is not None:
            self.cluster.note("kill -9", f"{worker.title} alone")
            worker.send(signal.SIGKILL)
            worker.wait()

    def freeze(self, kind: str) -> Process | None:
        """Let a process and its children stand still."""
        process = self._any(kind)
        if process is not None:
            self.cluster.note("SIGSTOP", process.title, lasts=True)
            process.send_group(signal.SIGSTOP)
        return process

    def deploy(self, kind: str) -> None:
        """Replace a process of the kind in good order."""
        if (process := self._any(kind)) is not None:
            self.cluster.note("SIGTERM", process.title)
            self.cluster.leaving.add(process.title)
            process.send(signal.SIGTERM)
            self.cluster.start(kind)

    def _any(self, kind: str) -> Process | None:
        found = self.cluster.living(kind)
        return self.rng.choice(found) if found else None

    # Redis.

    def kill_redis(self) -> None:
        """Kill Redis."""
        self.cluster.note("kill -9", "redis", lasts=True, blinds=True)
        for process in self.cluster.living("redis"):
            process.kill()

    def flush_redis(self) -> None:
        """Let Redis forget everything."""
        self.cluster.note("FLUSHALL", "redis")
        with self._redis() as client:
            client.flushall()

    def fill_redis(self) -> None:
        """Let Redis refuse every write for want of memory."""
        self.cluster.note("full", "redis", lasts=True)
        with self._redis() as client:
            client.config_set("maxmemory", "1")

    def lock_redis(self) -> None:
        """Let Redis know a password that nobody was told, and end all connections."""
        self.cluster.note("wrong password", "redis", lasts=True, blinds=True)
        with self._redis() as client:
            client.config_set("requirepass", WRONG)
            client.execute_command("AUTH", WRONG)
            client.client_kill_filter(_type="normal", skipme=True)

    def cross(self, mode: str, kind: str = "*", service: str = "*", **options: object) -> None:
        """Spoil the wires of a kind of process to a server."""
        blinds = mode in ("drop", "rst") and kind in ("*", "web")
        self.cluster.note(mode, f"{kind}>{service} {options or ''}".strip(), lasts=True, blinds=blinds)
        self.cluster.links.turn(self.cluster.links.like(kind, service), mode, **options)

    def double_messages(self) -> None:
        """Send every wake-up that waits twice more, shuffled."""
        self.cluster.note("duplicates", "redis")
        with self._redis() as client:
            for key in [key for key in client.scan_iter() if client.type(key) == b"list"]:
                if waiting := client.lrange(key, 0, -1) * 2:
                    self.rng.shuffle(waiting)
                    client.lpush(key, *waiting)

    def garbage(self) -> None:
        """Put bytes into the queue that are no message."""
        self.cluster.note("garbage", "redis")
        with self._redis() as client:
            client.lpush(QUEUE_KEY, *GARBAGE)

    def is_garbage_left(self) -> bool:
        """Some of it has not been taken yet."""
        with self._redis() as client:
            return any(waiting in GARBAGE for waiting in client.lrange(QUEUE_KEY, 0, -1))

    def strange_tasks(self) -> None:
        """Post messages that are well formed and mean nothing: old ones, unknown names, strange words."""
        self.cluster.note("strange messages", "redis")
        self.cluster.do(inside.post, WORK, ["no-such-queue"])
        self.cluster.do(inside.post, WORK, [])
        self.cluster.do(inside.post, WORK, [json.dumps({"run": "00000000-0000-0000-0000-000000000000"}), 7])
        self.cluster.do(inside.post, "tasks_app.execute_run", ["00000000-0000-0000-0000-000000000000"])
        self.cluster.do(inside.post_pickle)

    def _redis(self) -> "redis.Redis":
        return self.cluster.redis()

    # PostgreSQL.

    def crash_postgres(self) -> None:
        """Stop PostgreSQL as a crash would."""
        assert self.cluster.postgres is not None
        self.cluster.note("immediate stop", "db", lasts=True, blinds=True)
        self.cluster.postgres.stop(at_once=True)

    def start_postgres(self) -> None:
        """Start it again; it recovers."""
        assert self.cluster.postgres is not None
        self.cluster.note("start", "db")
        self.cluster.postgres.start()
        eventually(self.cluster.postgres.is_ready, 60, "PostgreSQL has recovered")

    def cut_connections(self) -> None:
        """End every connection to PostgreSQL."""
        self.cluster.note("pg_terminate_backend", "db")
        self.cluster.do(inside.cut_connections)

    # SQLite.

    def hold_sqlite(self) -> None:
        """Let somebody else begin to write for some seconds, and come to nothing."""
        self.cluster.note("locked", "db")
        path = self.cluster.directory / "db.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            self.last(self.rng.uniform(1, 8))
            writer.execute("ROLLBACK")

    # Disks.

    def fill_disk(self) -> None:
        """Leave no room on the disk of the database."""
        assert self.cluster.disk is not None
        self.cluster.note("full", "disk", lasts=True)
        self.cluster.disk.fill()

    # By the seed.

    def deeds(self) -> list[Callable[[], object]]:
        """Give what may be done at any moment."""
        found: list[Callable[[], object]] = [
            self.kill_child,
            self.kill_parent,
            lambda: self.kill("worker"),
            lambda: self.kill("beat"),
            lambda: self.kill("web"),
            lambda: self.freeze("worker"),
            lambda: self.freeze("beat"),
            lambda: self.deploy("worker"),
            self.kill_redis,
            self.flush_redis,
            self.fill_redis,
            self.lock_redis,
            self.double_messages,
            self.garbage,
            lambda: self.cross("drop", "worker", "redis"),
            lambda: self.cross("half_open", "*", "redis", direction=self.rng.choice(["up", "down"])),
            lambda: self.cross("rst", "web", "redis"),
        ]
        return [*found, *(self._deeds_of_postgres() if self.cluster.postgres is not None else [self.hold_sqlite])]

    def _deeds_of_postgres(self) -> list[Callable[[], object]]:
        return [
            self.crash_postgres,
            self.cut_connections,
            lambda: self.cross("drop", "worker", "db"),
            lambda: self.cross("drop", "beat", "db"),
            lambda: self.cross("half_open", "*", "db", direction=self.rng.choice(["up", "down"])),
            lambda: self.cross("delay", "*", "db", seconds=0.05),
            lambda: self.cross("throttle", "*", "db", bytes_per_second=200_000),
        ]

    def strike(self) -> None:
        """Do one or two things by the seed, let them last up to three leases, and heal."""
        for deed in self.rng.sample(self.deeds(), self.rng.choice([1, 1, 2])):
            with contextlib.suppress(
                redis.RedisError, sqlite3.OperationalError, AssertionError
            ):  # the one may have taken the other's ground
                deed()
        self.last(self.rng.uniform(1, 15))
        self.cluster.heal()
