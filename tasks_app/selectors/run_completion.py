"""What the search box above runs offers: as much as it understands, and values out of what this person may see."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tasks_app.models import TaskRun
from tasks_app.selectors.access import Person, visible_runs
from tasks_app.selectors.run_terms import qualifiers
from tasks_app.selectors.search_tasks import owner_choices, tag_choices
from tasks_app.selectors.search_text import Choice, Choices, Qualifier
from tasks_app.states import Status

_FAILURES_READ = 1_000
_AGES = (
    Choice("1h", "an hour ago"),
    Choice("24h", "a day ago"),
    Choice("7d", "a week ago"),
    Choice("today", "when today began"),
)


def run_completions(user: Person) -> list[Qualifier]:
    """What can be written before a colon; the values are read only when they are asked for."""
    offers: dict[str, Callable[[], Choices]] = {
        "owner": partial(owner_choices, user),
        "tag": partial(tag_choices, user),
        "error": partial(_errors, user),
        "after": partial(Choices, _AGES, is_whole=False),
        "before": partial(Choices, _AGES, is_whole=False),
    }
    return [replace(one, choices=offers.get(one.name, one.choices)) for one in qualifiers()]


def _errors(user: Person) -> Choices:
    """The classes of error of the failures that happened last."""
    failed: list[TaskRun] = list(
        visible_runs(user).filter(status=Status.FAILED).only("error_type").order_by("-id")[:_FAILURES_READ]
    )
    names = dict.fromkeys(run.error_type for run in failed if run.error_type)
    return Choices([Choice(name) for name in names], is_whole=False)
