"""What an action on many tasks is called, before, while and after it is done."""

from dataclasses import dataclass

from tasks_app.selectors.bulk import MOST, Prospect
from tasks_app.services.bulk import Progress
from tasks_app.services.bulk_deeds import STATES, Order, Verb
from tasks_app.states import TaskStatus
from tasks_app.web.words import plural


@dataclass(frozen=True)
class Words:
    """One action: asked for ("Pause 3 tasks"), as what will happen, as what was done, and whose it is to do."""

    ask: str
    will: str
    done: str
    to_do: str
    is_grave: bool = False


_WORDS = {
    Verb.PAUSE: Words(
        "Pause {}", "Nothing is planned for them until they are resumed; runs that exist go on.", "paused", "pause"
    ),
    Verb.RESUME: Words(
        "Resume {}", "They are planned again from now on; what the pause took is not made up for.", "resumed", "resume"
    ),
    Verb.RUN: Words("Run {} now", "Each gets one run at once, beside its schedule.", "run", "run"),
    Verb.TAG: Words("Tag {}", "The tag is added to each that does not have it.", "tagged", "change"),
    Verb.UNTAG: Words("Take a tag from {}", "The tag is taken from each that has it.", "changed", "change"),
    Verb.DELETE: Words(
        "Delete {}",
        "They go from every list and run no more. Runs that wait are cancelled, those that run are asked to stop; the "
        "history stays. You can bring the tasks back for a day.",
        "deleted",
        "delete",
        is_grave=True,
    ),
    Verb.UNDELETE: Words("Bring {} back", "They are planned again from now on.", "brought back", "bring back"),
}


def of(verb: Verb) -> Words:
    """Give the words of an action."""
    return _WORDS[verb]


def asked(verb: Verb, count: int) -> str:
    """Say what the button does: "Pause 3 tasks"."""
    return _WORDS[verb].ask.format(plural(count, "task"))


def before(verb: Verb, found: Prospect) -> list[str]:
    """Say what will happen, who is left out and which need nothing."""
    if found.is_too_many:
        return [f"More than {MOST:,} tasks match, which is more than one action takes. Narrow the search."]
    said = [_WORDS[verb].will] if found.acted else []
    if found.denied and found.allowed:
        said.append(f"{_are(found.denied, found.total)} not yours to {_WORDS[verb].to_do}, and left out.")
    elif found.denied:
        said.append(f"None of the {plural(found.total, 'task')} is yours to {_WORDS[verb].to_do}.")
    return said + _idle(verb, found)


def _idle(verb: Verb, found: Prospect) -> list[str]:
    """Say of the others how many are in which state, and so stay as they are."""
    same = {Verb.PAUSE: TaskStatus.PAUSED, Verb.RESUME: TaskStatus.ACTIVE}.get(verb)
    counts = {status: count for status, count in sorted(found.by_status.items()) if status not in STATES[verb]}
    return [
        f"{_are(count, found.total)} {status} already."
        if status == same
        else f"{_are(count, found.total)} {status} and cannot be {_WORDS[verb].done}."
        for status, count in counts.items()
    ]


def _are(count: int, total: int) -> str:
    return f"{count:,} of {total:,} {'is' if count == 1 else 'are'}"


def halfway(progress: Progress) -> str:
    """Say how far it has come."""
    return f"{progress.passed:,} of {progress.total:,} done"


def finished(progress: Progress) -> list[str]:
    """Say what came of it."""
    order, count = progress.order, progress.done_count
    tags = ", ".join(f"“{tag}”" for tag in order.tags)
    named = f"Tags {tags}" if len(order.tags) > 1 else f"Tag {tags}"
    done = {
        Verb.TAG: f"{plural(count, 'task')} tagged {tags}.",
        Verb.UNTAG: f"{named} taken from {plural(count, 'task') if count else 'none'}.",
        Verb.RUN: f"{plural(count, 'run')} started.",
    }.get(order.verb, f"{plural(count, 'task')} {_WORDS[order.verb].done}.")
    said = [f"Taken back: {done[0].lower() + done[1:]}" if progress.is_undo else done]
    if progress.same_count:
        said.append(_needed_nothing(order, progress.same_count))
    if progress.lacking_count:
        said.append(f"{progress.lacking_count:,} came back paused, because something that is needed has gone.")
    if progress.kept_count:
        said.append(
            f"{plural(progress.kept_count, 'task')} left as {'it is' if progress.kept_count == 1 else 'they are'}."
        )
    return said


def _needed_nothing(order: Order, count: int) -> str:
    them = "them" if len(order.tags) > 1 else "it"
    if order.verb == Verb.UNTAG:
        return f"{count:,} {'does' if count == 1 else 'do'} not have {them}."
    if order.verb == Verb.TAG:
        return f"{count:,} {'has' if count == 1 else 'have'} {them} already."
    return f"{count:,} needed nothing."
