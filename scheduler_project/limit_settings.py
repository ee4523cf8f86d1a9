"""How much one person, one request and one socket may take."""

from dataclasses import dataclass

from scheduler_project.env import Env

_FREE = "0 is no limit."


@dataclass(frozen=True)
class Limits:
    """The limits that are asked where the thing itself happens; docs/limits.md lists them all."""

    payload_max_depth: int
    payload_max_nodes: int
    tasks_per_user: int
    creates_per_minute: int
    run_now_per_minute: int
    runs_per_hour: int
    unknown_names_per_hour: int
    sockets_per_user: int
    subscriptions_per_socket: int
    frames_burst: int
    frames_per_second: int


def limits(env: Env) -> Limits:
    """Read them."""
    env.section("Limits")
    return Limits(
        payload_max_depth=env.number(
            "PAYLOAD_MAX_DEPTH", 20, low=3, high=30, help="How many levels of lists and objects a payload has at most."
        ),
        payload_max_nodes=env.number(
            "PAYLOAD_MAX_NODES", 10_000, low=50, high=20_000, help="How many values and keys a payload has at most."
        ),
        tasks_per_user=env.number(
            "TASKS_PER_USER",
            10_000,
            low=0,
            high=10_000_000,
            help=f"How many tasks one person may have, ended ones included. {_FREE}",
        ),
        creates_per_minute=_rate(env, "CREATES_PER_MINUTE", 300, "How many tasks one person may make in a minute."),
        run_now_per_minute=_rate(
            env,
            "RUN_NOW_PER_MINUTE",
            1_200,
            "How many runs one person may start in a minute: run now, run again, backfill, runs without a task.",
        ),
        runs_per_hour=env.number(
            "RUNS_PER_HOUR",
            1_000_000,
            low=0,
            high=1_000_000_000,
            help=f"How many runs one person's tasks may have in an hour; slots beyond it are skipped. {_FREE}",
        ),
        unknown_names_per_hour=env.number(
            "UNKNOWN_NAMES_PER_HOUR",
            60,
            low=0,
            high=1_000_000,
            help=f"How many names that nobody has one person may try to share with in an hour. {_FREE}",
        ),
        sockets_per_user=env.number(
            "SOCKETS_PER_USER",
            2_000,
            low=0,
            high=1_000_000,
            help=f"How many WebSockets one person may have open in one web process. {_FREE}",
        ),
        subscriptions_per_socket=env.number(
            "SUBSCRIPTIONS_PER_SOCKET", 100, low=1, high=10_000, help="How many topics one WebSocket may hear."
        ),
        frames_burst=env.number(
            "SOCKET_FRAMES_BURST", 150, low=10, high=100_000, help="How many frames a client may send at once."
        ),
        frames_per_second=env.number(
            "SOCKET_FRAMES_PER_SECOND",
            10,
            low=1,
            high=10_000,
            help="How many frames a client may send in the long run.",
        ),
    )


def _rate(env: Env, name: str, most: int, help: str) -> int:
    return env.number(name, most, low=0, high=1_000_000, help=f"{help} {_FREE}")
