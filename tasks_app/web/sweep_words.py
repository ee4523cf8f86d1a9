"""What is said when one deed on many runs is through."""

from collections.abc import Mapping

from tasks_app.services.sweep_state import Progress
from tasks_app.web.words import plural

_DONE = {
    "retry": ("{} started again; what was before stays as it was.", "No run was started again."),
    "dismiss": ("{} dismissed, and kept in the history.", "No run was dismissed."),
    "cancel": ("{} cancelled, or asked to stop.", "No run was cancelled."),
    "undismiss": ("{} put back on the list of what needs a person.", "No run was put back."),
}


def finished(progress: Progress) -> str:
    """Say to how many it was done, and why not to the others."""
    some, none = _DONE[progress.plan.verb]
    said = [some.format(plural(progress.done, "run")) if progress.done else none]
    if progress.left:
        count = sum(progress.left.values())
        said.append(f"{plural(count, 'run')} {'was' if count == 1 else 'were'} left alone: {_why(progress.left)}.")
    return " ".join(said)


def beforehand(left: Mapping[str, int], *, ticked: bool) -> str:
    """Say how many of those that were ticked, or that match, will be left alone, and why; "" for none."""
    count = sum(left.values())
    if not count:
        return ""
    which = "you ticked" if ticked else "match"
    return f"Of those that {which}, {count:,} {'is' if count == 1 else 'are'} left alone: {_why(left)}."


def _why(left: Mapping[str, int]) -> str:
    return "; ".join(f"{many:,} {reason[0].lower()}{reason[1:].rstrip('.')}" for reason, many in sorted(left.items()))
