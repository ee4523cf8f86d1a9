"""One fault on trial: a cluster at work, a nemesis, and the verdict at the end."""

from dataclasses import dataclass
from uuid import UUID

from tests.faults.cluster import Cluster
from tests.faults.nemesis import Nemesis
from tests.faults.sinks import Sink
from tests.faults.workload import Workload
from tests.live import inside
from tests.live.ledger import Entry
from tests.live.story import Story
from tests.live.surroundings import eventually


@dataclass
class Trial:
    """What a test of a fault holds in its hands."""

    cluster: Cluster
    workload: Workload
    nemesis: Nemesis
    sink: Sink

    def begun(self, run_id: UUID) -> Entry:
        """Wait until the run's handler is at work; gives its first line in the ledger."""
        eventually(lambda: self.cluster.ledger.of(run_id, "start"), what="the handler has begun")
        return self.cluster.ledger.of(run_id, "start")[-1]

    def ended(self, run_id: UUID, seconds: float = 60) -> Story:
        """Wait for the end of a run."""
        return self.cluster.ended(run_id, seconds)

    def more_runs(self, count: int = 5, seconds: float = 60) -> None:
        """Wait until so many more runs have succeeded: work goes on."""
        enough = self.cluster.do(inside.count_runs, status="succeeded") + count
        eventually(lambda: self.cluster.do(inside.count_runs, status="succeeded") >= enough, seconds, "work goes on")

    def more_slots(self, count: int = 3, seconds: float = 60) -> None:
        """Wait until so many more slots have their rows."""
        enough = self.cluster.do(inside.count_runs, trigger="schedule") + count
        eventually(lambda: self.cluster.do(inside.count_runs, trigger="schedule") >= enough, seconds, "slots are fired")
