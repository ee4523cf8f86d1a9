"""What a run may be, in a few lines: the model that the engine's real transitions are held against."""

from dataclasses import dataclass

from tasks_app.models import RunEvent, TaskRun
from tasks_app.services.outcomes import CRASH_LIMIT
from tasks_app.states import FINAL, Status, can_move

RETRIES = 1
_LEADS_TO = {
    "succeed": {"succeeded"},
    "fail": {"failed", "scheduled"},
    "doubt": {"failed", "scheduled"},
    "stop": {"cancelled"},
    "hand_back": {"queued"},
    "crash": set[str](),
}


@dataclass
class Model:
    """One run."""

    status: str = "queued"
    reason: str = "due"
    claim_no: int = 0
    failures: int = 0
    crashes: int = 0
    fenced: int = 0
    is_asked: bool = False
    is_expired: bool = False
    is_begun: bool = False
    ends: tuple[tuple[int, str], ...] = ()

    @property
    def is_final(self) -> bool:
        """Nothing can change it any more."""
        return self.status in FINAL

    def holds(self, claim_no: int) -> bool:
        """The claim is the one that counts."""
        return self.status == "running" and self.claim_no == claim_no

    def _to(self, status: str, reason: str = "") -> None:
        self.status, self.reason, self.is_expired = status, reason, False

    def claim(self, *, is_begun: bool = True) -> None:
        """A worker takes it; in a group it is not known to have begun."""
        self.claim_no += 1
        self.is_begun = is_begun
        self._to("running")

    def write(self, claim_no: int, verb: str) -> bool:
        """A worker tells how its attempt ended. Says whether it was heard: now, or when it told the same before, and
        may have had no answer; what is stale is refused."""
        if not self.holds(claim_no):
            is_told = dict(self.ends).get(claim_no) in _LEADS_TO[verb]
            self.fenced += not is_told
            return is_told
        getattr(self, f"_{verb}")()
        self._note_end()
        return True

    def _note_end(self) -> None:
        if self.reason not in ("worker_lost", "rescued"):  # no worker's own word
            self.ends += ((self.claim_no, self.status),)

    def _succeed(self) -> None:
        self._to("succeeded")

    def _stop(self) -> None:
        self._to("cancelled", "user")

    def _hand_back(self) -> None:
        self._to("cancelled", "user") if self.is_asked else self._to("queued", "handed_back")

    def _fail(self) -> None:
        if self.failures + 1 > RETRIES:
            self.failures += 1
            self._to("failed", "handler_error")
        elif self.is_asked:
            self._to("cancelled", "user")
        else:
            self.failures += 1
            self._to("scheduled", "retry")

    def _doubt(self) -> None:
        self.failures += 1
        self._to("failed", "effect_unknown")

    def _crash(self) -> None:
        if self.is_asked:
            self._to("cancelled", "user")
            return
        self.crashes += 1
        self._to("failed", "worker_lost") if self.crashes >= CRASH_LIMIT else self._to("queued", "rescued")

    def sweep(self) -> None:
        """Upkeep looks for leases that have ended."""
        if self.status != "running" or not self.is_expired:
            return
        if self.is_begun or self.is_asked:
            self._crash()
        else:
            self._to("queued", "rescued")
        self._note_end()

    def cancel(self) -> None:
        """A person cancels it."""
        if self.status == "running":
            self.is_asked = True
        elif not self.is_final:
            self._to("cancelled", "user")

    def release(self) -> None:
        """The time of its retry comes."""
        if self.status == "scheduled":
            self._to("queued", "due")


def check_row(model: Model, row: TaskRun) -> None:
    """See that the row is what the model says, and that its events tell how it came to be so."""
    found = (row.status, row.reason, row.claim_no, row.failures, row.crashes, row.cancel_requested_at is not None)
    said = (model.status, model.reason, model.claim_no, model.failures, model.crashes, model.is_asked)
    assert found == said
    assert (row.lease_until is not None) == (row.status == Status.RUNNING)
    events = list(RunEvent.objects.filter(run=row).order_by("id").values_list("source", "target", "reason"))
    moves = [event for event in events if event[1] != "fenced"]
    assert len(events) - len(moves) == model.fenced, "each refused write is written down, and nothing else"
    before = ""
    for source, target, _ in moves:
        assert source == before
        assert not before or can_move(Status(before), Status(target))
        before = target
    assert (before, moves[-1][2]) == (row.status, row.reason)
    assert sum(target == Status.RUNNING for _, target, _ in moves) == row.claim_no
