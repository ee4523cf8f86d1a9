"""`/statusz` and the pages say what stands still, with real processes: judged by what is done, not by who reports."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

import httpx
import pytest

from tests.live import inside
from tests.live.freezing import frozen
from tests.live.platform import Platform, running_platform
from tests.live.surroundings import WAIT_SECONDS, eventually

pytestmark = [pytest.mark.live, pytest.mark.slow]
PARTS = ("redis", "web", "worker", "beat")
SHORT = {"LEASE_SECONDS": "5", "UPKEEP_SECONDS": "1", "STOP_GRACE_SECONDS": "2", "WORKER_CONCURRENCY": "2"}
OPERATOR = ("olga", "olga-password")
OWNER = (inside.OWNER, f"{inside.OWNER}-password")
Faults = dict[str, dict[str, str]]
Silence = Callable[[Platform], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def shared() -> Iterator[Platform]:
    """One platform for all faults."""
    with running_platform(*PARTS, **SHORT) as platform:
        platform.do(inside.operator, *OPERATOR)
        yield platform


@dataclass(frozen=True)
class Readers:
    """Somebody who may mend the platform, and somebody who may not, in front of the home page."""

    operator: httpx.Client
    owner: httpx.Client


@pytest.fixture(scope="module")
def readers(shared: Platform) -> Iterator[Readers]:
    """Both have signed in."""
    with closing(shared.signed_in(*OPERATOR)) as operator, closing(shared.signed_in(*OWNER)) as owner:
        yield Readers(operator, owner)


@pytest.fixture
def platform(shared: Platform) -> Iterator[Platform]:
    """The platform, well; whatever a test does to it, in the end it says that it is well again."""
    said(shared, lambda found: not found)
    yield shared
    for process in shared.processes:
        if process.is_alive:
            process.send_group(signal.SIGCONT)
    started = [shared.start(kind) for kind in PARTS if not shared.living(kind)]
    if started:
        shared.wait_until_ready(*started)
    said(shared, lambda found: not found)


def faults(platform: Platform) -> Faults:
    """Give what `/statusz` finds to be wrong."""
    with platform.client() as client:
        checks = client.get("/statusz").json()["checks"]
    return {name: check for name, check in checks.items() if not check["ok"]}


def said(platform: Platform, condition: Callable[[Faults], object], seconds: float = WAIT_SECONDS) -> Faults:
    """Wait until `/statusz` says so."""
    found: list[Faults] = []

    def holds() -> object:
        found[:] = [faults(platform)]
        return condition(found[0])

    try:
        eventually(holds, seconds)
    except AssertionError:
        raise AssertionError(f"/statusz says: {found}") from None
    return found[0]


def reads(client: httpx.Client, words: str) -> None:
    """Wait until the home page says so; a web process asks every few seconds."""
    eventually(lambda: words in home(client), what=f"home says: {words}")


def reads_nothing(client: httpx.Client) -> None:
    """Wait until the home page has no word about the platform."""
    eventually(lambda: 'class="trouble"' not in home(client), what="home says nothing")


def home(client: httpx.Client) -> str:
    answer = client.get("/platform/", headers={"HX-Request": "true"})
    assert answer.status_code == httpx.codes.OK
    assert client.get("/").status_code == httpx.codes.OK, "the page itself answers"
    return answer.text


def waits_long(platform: Platform, queue: str = "default") -> None:
    """Make a run that has waited for minutes already, while nothing was taken."""
    platform.run("probe.echo", queue=queue)
    platform.do(inside.as_if_ago, 120)


def test_all_is_well(platform: Platform, readers: Readers) -> None:
    assert platform.ended(platform.run("probe.echo")).status == "succeeded"
    said(platform, lambda found: not found)
    reads_nothing(readers.operator)


def test_no_worker_runs(platform: Platform, readers: Readers) -> None:
    platform["worker"].kill()
    waits_long(platform)
    found = said(platform, lambda found: {"workers", "claims"} <= set(found))
    assert "no worker serves critical, default, low-priority" in found["workers"]["detail"]
    assert found["workers"]["since"]
    assert "Start a worker" in found["claims"]["todo"]
    reads(readers.operator, "Some work has no worker")
    reads(readers.owner, "Some runs are waiting and are not being started")


def test_children_that_stand_idle_while_their_parent_reports(platform: Platform, readers: Readers) -> None:
    worker = platform["worker"]
    with frozen(platform, *worker.children()):
        waits_long(platform)
        found = said(platform, lambda found: set(found) == {"claims"})  # the worker still reports itself
        assert "Restart worker" in found["claims"]["todo"]
        reads(readers.operator, "Runs wait and nobody takes them")


def test_children_that_stand_still_with_runs_in_their_hands(platform: Platform) -> None:
    worker = platform["worker"]
    for run in [platform.run("probe.sleep", seconds=8) for _ in range(2)]:
        platform.running(run)
    with frozen(platform, *worker.children()):
        eventually(lambda: platform.do(inside.count_runs, status="queued") == 2, what="their leases have ended")
        platform.do(inside.as_if_ago, 120)
        said(platform, lambda found: "claims" in found)


def test_children_that_are_busy_are_no_fault(platform: Platform) -> None:
    for run in [platform.run("probe.sleep", seconds=10) for _ in range(2)]:
        platform.running(run)
    waits_long(platform)
    assert faults(platform) == {}


def test_redis_is_gone(platform: Platform, readers: Readers) -> None:
    platform["redis"].kill()
    found = said(platform, lambda found: "broker" in found)
    assert "Redis does not answer" in found["broker"]["detail"]
    reads(readers.operator, "Start Redis")
    reads(readers.owner, "Runs start late")


def test_a_queue_without_any_consumer(platform: Platform) -> None:
    platform.do(inside.queue_make, "reports")
    try:
        assert faults(platform) == {}, "nobody uses it yet"
        waits_long(platform, "reports")
        found = said(platform, lambda found: "workers" in found)
        assert found["workers"]["detail"] == "no worker serves reports"
        assert "has waited in reports" in said(platform, lambda found: "claims" in found)["claims"]["detail"]
        platform.do(inside.queue_pause, "reports")
        said(platform, lambda found: not found)
    finally:
        platform.do(inside.queue_drop, "reports")


def test_a_worker_that_serves_only_another_queue(platform: Platform) -> None:
    platform["worker"].stop()
    other = platform.start("worker", WORKER_QUEUES="critical")
    platform.wait_until_ready(other)
    waits_long(platform)
    found = said(platform, lambda found: {"workers", "claims"} <= set(found))
    assert found["workers"]["detail"] == "no worker serves default, low-priority"
    assert "Start a worker that serves default" in found["claims"]["todo"]
    other.stop()


def test_everything_is_paused(platform: Platform) -> None:
    names = ("critical", "default", "low-priority")
    for name in names:
        platform.do(inside.queue_pause, name)
    try:
        waits_long(platform)
        assert faults(platform) == {}, "what is paused on purpose needs nobody"
    finally:
        for name in names:
            platform.do(inside.queue_resume, name)


def _killed(platform: Platform) -> AbstractContextManager[None]:
    platform["beat"].kill()
    return nullcontext()


def _frozen(platform: Platform) -> AbstractContextManager[None]:
    beat = platform["beat"]
    return frozen(platform, beat.pid, *beat.children())


def _stopped(platform: Platform) -> AbstractContextManager[None]:
    platform["beat"].stop()
    return nullcontext()


@pytest.mark.parametrize("silence", [_killed, _frozen, _stopped])
def test_every_beat_is_silent(platform: Platform, readers: Readers, silence: Silence) -> None:
    with silence(platform):
        found = said(platform, lambda found: set(found) == {"beat"})  # workers stand in for it: nothing is late
        assert found["beat"]["since"]
        reads(readers.operator, "The scheduler is silent")
        reads_nothing(readers.owner)


def test_upkeep_is_silent(platform: Platform, readers: Readers) -> None:
    """A table is gone that only upkeep reads: the worker reports, takes runs, and never ends a round."""
    platform.do(inside.table_rename, "tasks_app_idempotencykey", "away")

    def is_said(found: Faults) -> bool:
        if "upkeep" not in found:
            platform.do(inside.upkeep_ago, 120)  # a round that was under way may have ended well since
        return set(found) == {"upkeep"}

    try:
        said(platform, is_said)
        assert platform.ended(platform.run("probe.echo")).status == "succeeded"
        reads(readers.operator, "Upkeep is silent")
    finally:
        platform.do(inside.table_rename, "away", "tasks_app_idempotencykey")
