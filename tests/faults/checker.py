"""Judges a history: does the engine's promise hold in it? Pure; a violation comes with its counter-example.

The invariants H1 to H12 are explained in docs/reliability.md. A history without a violation proves nothing but itself:
that each check can fail is proved in test_checker.py.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from tasks_app.states import Status
from tests.faults.history import History, Request
from tests.faults.timeline import Violation, tell
from tests.live.ledger import Entry
from tests.live.story import Story

Check = Callable[[History], Iterator[Violation]]
ONCE = frozenset({"probe.once", "probe.idem"})
WITNESSED = frozenset({"probe.sleep", "probe.echo", "probe.once", "probe.idem"})
_SLACK = 0.05  # a group's ends are told by its child's clock, everything else by the database's


def check(history: History) -> list[Violation]:
    """Find every violation."""
    return [violation for one in CHECKS for violation in one(history)]


def demand(history: History, *, except_for: frozenset[str] = frozenset()) -> None:
    """Raise AssertionError with the counter-examples, if there is a violation."""
    found = [violation for violation in check(history) if violation.invariant not in except_for]
    told = "\n\n".join(tell(violation, history) for violation in found[:5])
    assert not found, f"{len(found)} violations\n\n{told}"


def slots_have_one_row_each(history: History) -> Iterator[Violation]:
    """H1: what was planned is there, and nothing else."""
    by_task: dict[UUID | None, list[Story]] = defaultdict(list)
    for story in history.stories:
        if story.trigger == "schedule":
            by_task[story.task_id].append(story)
    for task, expected in history.expected.items():
        known = expected.must | expected.may
        covered = {slot for story in by_task[task] for slot in _covered(story, known)}
        for slot in sorted(expected.must - covered):
            yield Violation("H1", f"slot {slot:%H:%M:%S} has no row", task)
        for story in by_task[task]:
            if story.slot is not None and story.slot not in known:
                yield Violation("H1", f"a run for {story.slot:%H:%M:%S}, which is no slot", task)
            if story.range_to is not None and story.range_count != len(_covered(story, known)):
                yield Violation("H1", f"{story.line} covers {len(_covered(story, known))} slots", task)


def _covered(story: Story, slots: frozenset[datetime]) -> set[datetime]:
    if story.range_to is None:
        return {story.slot} if story.slot else set()
    assert story.scheduled_for is not None
    return {slot for slot in slots if story.scheduled_for <= slot <= story.range_to}


def no_slot_has_two_rows(history: History) -> Iterator[Violation]:
    """H2."""
    counts = Counter((story.task_id, story.slot) for story in history.stories if story.slot)
    for (task, slot), count in counts.items():
        if count > 1:
            yield Violation("H2", f"{count} rows for slot {slot:%H:%M:%S}", task)
    for story in history.stories:
        if story.range_to is not None and story.scheduled_for is not None:
            for other in history.stories:
                is_inside = other.slot and story.scheduled_for <= other.slot <= story.range_to
                if other.task_id == story.task_id and is_inside:
                    yield Violation("H2", f"slot {other.slot:%H:%M:%S} has a row beside its range", story.task_id)


def every_run_ends_in_time(history: History) -> Iterator[Violation]:
    """H3."""
    for story in history.stories:
        if not story.is_final:
            yield Violation("H3", f"{story.type} is still {story.status} ({story.reason})", story.run_id)
        elif story.finished_at is not None:
            due = max(_due(story), history.healed_at) + _lasts(story)
            late = story.finished_at.timestamp() - due
            if late > history.bounds.end:
                yield Violation("H3", f"ended {late:.1f} s after it could have", story.run_id)


def _due(story: Story) -> float:
    """When it became eligible for the last time, by itself and not by a fault."""
    planned = [event.at for event in story.moves if event.reason in ("due", "retry", "delayed")]
    return max([story.events[0].at, *planned]).timestamp()


def _lasts(story: Story) -> float:
    return float(story.payload.get("seconds", 0)) if isinstance(story.payload, dict) else 0.0


def effects_happen_once(history: History) -> Iterator[Violation]:
    """H4: one key per effect at the sink; once for what succeeded; never more executions than claims."""
    lines, keys = _by_run(history), defaultdict(set)
    for sent in history.sent:
        keys[sent.run_id].add(sent.key)
    stories = {story.run_id: story for story in history.stories}
    for run_id in (lines.keys() | keys.keys()) - stories.keys():
        yield Violation("H4", "something was done for a run that there is not", run_id)
    for story in history.stories:
        words = Counter(entry.word.partition(":")[0] for entry in lines.get(story.run_id, ()))
        yield from _effect_faults(story, words, len(keys[story.run_id]))


def _effect_faults(story: Story, words: Counter[str], keys: int) -> Iterator[Violation]:
    succeeded = story.status == Status.SUCCEEDED
    if story.type == "probe.once" and words["effect"] > 1:
        yield Violation("H4", f"its effect happened {words['effect']} times", story.run_id)
    if story.type == "probe.once" and succeeded and words["effect"] != 1:
        yield Violation("H4", "succeeded, but its effect did not happen", story.run_id)
    if story.type == "probe.idem" and (keys > 1 or (succeeded and keys != 1)):
        yield Violation("H4", f"{keys} different keys reached the sink", story.run_id)
    if words["start"] > story.claim_no:
        yield Violation("H4", f"began {words['start']} times on {story.claim_no} claims", story.run_id)
    if story.type in WITNESSED and succeeded and not words["start"]:
        yield Violation("H4", "succeeded, but was never executed", story.run_id)


def _by_run(history: History) -> dict[UUID, list[Entry]]:
    lines: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in sorted(history.ledger, key=lambda entry: entry.at):
        lines[entry.run_id].append(entry)
    return lines


def one_owner_at_a_time(history: History) -> Iterator[Violation]:
    """H5: claims only rise, and who has lost a run does nothing more for it."""
    for story in history.stories:
        claims = [event.claim_no for event in story.moves if event.target == Status.RUNNING]
        if claims != list(range(1, len(claims) + 1)):
            yield Violation("H5", f"the claims are {claims}", story.run_id)
        newest = 0
        for event in story.moves:
            if event.claim_no < newest:
                yield Violation("H5", f"claim {event.claim_no} wrote after claim {newest}", story.run_id)
            newest = max(newest, event.claim_no)
    for run_id, entries in _by_run(history).items():
        owners = [entry.pid for entry in entries if entry.word == "start"]
        for number, owner in enumerate(owners):
            begun = [entry.at for entry in entries if entry.word == "start"][number]
            late = [e for e in entries if e.at > begun and e.pid != owner and e.pid not in owners[number:]]
            if late:
                sentence = f"process {late[0].pid} went on after process {owner} had begun"
                yield Violation("H5", sentence, run_id)


def records_are_sound(history: History) -> Iterator[Violation]:
    """H6."""
    for story in history.stories:
        for fault in story.faults():
            yield Violation("H6", fault, story.run_id)
        if any(not event.actor for event in story.events):
            yield Violation("H6", "an event without an actor", story.run_id)
        times = [event.at.timestamp() for event in story.moves]
        if any(later < earlier - _SLACK for earlier, later in pairwise(times)):
            yield Violation("H6", "its events go back in time", story.run_id)


def promises_are_kept(history: History) -> Iterator[Violation]:
    """H7: what was answered well is in the database; what was sent again is there once."""
    stories = {story.run_id: story for story in history.stories}
    tasks = {story.task_id for story in history.stories} | history.expected.keys()
    marks = Counter(story.payload.get("mark") for story in history.stories if isinstance(story.payload, dict))
    for request in history.requests:
        if not request.is_promised:
            continue
        if request.deed == "create" and request.subject not in tasks:
            yield Violation("H7", "a task was promised and is not there", request.subject)
        if request.deed == "run-now" and request.subject not in stories:
            yield Violation("H7", "a run was promised and is not there", request.subject)
        if request.deed == "cancel" and request.subject is not None:
            yield from _cancel_faults(request, stories.get(request.subject))
    for request in history.requests:
        if request.mark and marks[request.mark] > 1:
            yield Violation("H7", f"{request.mark} was sent again and made {marks[request.mark]} runs", request.subject)


def _cancel_faults(request: Request, story: Story | None) -> Iterator[Violation]:
    if story is None:
        yield Violation("H7", "a run was cancelled and is not there", request.subject)
    elif story.status != Status.CANCELLED and not story.is_asked_to_stop:
        yield Violation("H7", f"a cancel was promised, and the run {story.status}", story.run_id)


def cancelled_runs_do_nothing(history: History) -> Iterator[Violation]:
    """H8: cancelled before its first claim, a run leaves no trace outside."""
    done = {entry.run_id for entry in history.ledger} | {sent.run_id for sent in history.sent}
    for story in history.stories:
        if story.status == Status.CANCELLED and not story.claim_no and story.run_id in done:
            yield Violation("H8", "cancelled before it began, and executed", story.run_id)


def secrets_stay_secret(history: History) -> Iterator[Violation]:
    """H9."""
    for name, text in history.texts.items():
        for canary in history.canaries:
            if canary in text:
                yield Violation("H9", f"a secret stands in {name}")


def starts_are_prompt(history: History) -> Iterator[Violation]:
    """H10: at once without faults; soon after the last one otherwise."""
    lags = []
    for story in history.stories:
        first = next((event for event in story.moves if event.target == Status.RUNNING), None)
        if first is None or story.events[0].target == "waiting":
            continue
        due = story.slot or next((e.at for e in story.moves if e.target == Status.QUEUED), first.at)
        lag = first.at.timestamp() - max(due.timestamp(), history.healed_at)
        lags.append(lag)
        if lag > history.bounds.start:
            yield Violation("H10", f"began {lag:.1f} s after it could have", story.run_id)
    if not history.operations and lags:
        slow = sorted(lags)[int(len(lags) * 0.99)] if len(lags) >= 100 else sorted(lags)[-1]
        if slow > history.bounds.calm_start:
            yield Violation("H10", f"without a fault, the slowest of a hundred starts took {slow:.1f} s")


def nothing_piles_up(history: History) -> Iterator[Violation]:
    """H11: `remains` counts, after the drain, what must be none."""
    for name, count in history.remains.items():
        if count:
            yield Violation("H11", f"{count} {name} are left")


def the_platform_says_so(history: History) -> Iterator[Violation]:
    """H12: a fault that lasts shows on /statusz, and its end too."""
    looks = sorted(history.looks, key=lambda look: look.at)
    operations = sorted(history.operations, key=lambda operation: operation.at)
    for number, operation in enumerate(operations):
        healed = next((one.at for one in operations[number + 1 :] if one.ends(operation)), float("inf"))
        within = [look for look in looks if operation.at <= look.at <= healed]
        if not operation.blinds or not within or healed - operation.at <= history.bounds.word:
            continue
        if all(look.is_well for look in within):
            yield Violation("H12", f"{operation.op} {operation.target} never showed on /statusz")
    if looks and not looks[-1].is_well:
        yield Violation("H12", "all is healed, and /statusz still says that it is not")


CHECKS: tuple[Check, ...] = (
    slots_have_one_row_each,
    no_slot_has_two_rows,
    every_run_ends_in_time,
    effects_happen_once,
    one_owner_at_a_time,
    records_are_sound,
    promises_are_kept,
    cancelled_runs_do_nothing,
    secrets_stay_secret,
    starts_are_prompt,
    nothing_piles_up,
    the_platform_says_so,
)
