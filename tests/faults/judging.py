"""From a cluster to a verdict: wait for the end of all runs, gather every witness, let the checker judge."""

from tests.faults.checker import demand
from tests.faults.cluster import Cluster
from tests.faults.history import Bounds, History
from tests.faults.sinks import Sink
from tests.faults.workload import Workload, look
from tests.live import inside
from tests.live.surroundings import eventually

OPEN = ["waiting", "queued", "scheduled", "running"]
# Lease and sweep, the longest run, retries; and as much again, because machines that test are busy.
DRAIN_SECONDS = 90.0
BOUNDS = Bounds(end=60.0, start=60.0, calm_start=10.0, word=20.0)


def judge(cluster: Cluster, workload: Workload, sink: Sink, *, except_for: frozenset[str] = frozenset()) -> History:
    """Heal what is broken, end the workload, and demand that the promise has held; gives the history."""
    workload.end()
    cluster.heal()
    eventually(lambda: cluster.do(inside.overdue_slots) == 0, DRAIN_SECONDS, "what is due is fired")
    expected = workload.end_tasks()
    eventually(lambda: not cluster.do(inside.count_runs, status__in=OPEN), DRAIN_SECONDS, "all have ended")
    try:
        eventually(lambda: not any(remains(cluster).values()), DRAIN_SECONDS)
    except AssertionError:  # the checker tells how much it is
        print(left(cluster))
    eventually(lambda: look(cluster.url).is_well, DRAIN_SECONDS, "/statusz says that all is well")
    history = History(
        stories=cluster.do(inside.stories),
        ledger=cluster.ledger.entries(),
        sent=sink.sent,
        operations=cluster.journal.operations,
        requests=workload.requests,
        expected=expected,
        looks=[*workload.looks, look(cluster.url)],
        remains=remains(cluster),
        texts=texts(cluster),
        canaries=[workload.key],
        bounds=BOUNDS,
    )
    demand(history, except_for=except_for)
    return history


def remains(cluster: Cluster) -> dict[str, int]:
    """Count what Redis still holds of work: wake-ups that wait, and those that were taken and never acknowledged."""
    found = {"wake-ups": 0, "unacknowledged": 0}
    with cluster.redis() as client:
        for key in client.scan_iter(count=1000):
            kind = client.type(key)
            if kind == b"list":
                found["wake-ups"] += client.llen(key)
            elif key.endswith(b"unacked"):
                found["unacknowledged"] += client.hlen(key)
    return found


def left(cluster: Cluster) -> str:
    """Tell what was taken and never acknowledged, since when, and for how long nobody may hand it out again."""
    with cluster.redis() as client:
        mutex = client.pttl("carillon:unacked_mutex")
        taken = client.zrange("carillon:unacked_index", 0, -1, withscores=True)
        known = client.hgetall("carillon:unacked")
    return f"not acknowledged: index {taken}, messages {known}; the lock has {mutex} ms left"


def texts(cluster: Cluster) -> dict[str, str]:
    """Give all that was logged, and the bytes that Redis has written."""
    found = {path.name: path.read_text(errors="replace") for path in cluster.logs.glob("*.log")}
    for path in (cluster.directory / "redis").rglob("*.aof"):
        found[path.name] = path.read_bytes().decode("latin-1")
    return found
