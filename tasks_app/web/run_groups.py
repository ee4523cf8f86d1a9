"""Failures by what went wrong, with what can be done for a whole group."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from tasks_app.selectors.run_groups import NEEDING, RunGroup, run_groups
from tasks_app.selectors.run_terms import NEEDS
from tasks_app.selectors.walk import WALK
from tasks_app.web import words
from tasks_app.web.page import Request, page, render
from tasks_app.web.run_filters import all_filters_of, faults_of, kept

FRAGMENTS = {"run-groups": "parts/run-groups.html"}


@dataclass(frozen=True)
class Shown:
    """A group in words, and the address of its runs."""

    group: RunGroup
    query: str

    @property
    def number(self) -> str:
        """How many, as far as they are counted."""
        return "10,000+" if self.group.is_capped else f"{self.group.count:,}"

    @property
    def type(self) -> str:
        """The type in words."""
        return words.type_title(self.group.type)

    @property
    def what(self) -> str:
        """What went wrong: the class of the error, else why it stands there."""
        if self.group.error_type:
            return f"failed with {words.error_named(self.group.error_type)}"
        return f"failed: {words.REASONS.get(self.group.reason) or 'nobody knows why'}"

    @property
    def tasks(self) -> str:
        """The task that failed last, and how many others did; nothing of what no task made."""
        latest = self.group.latest
        if latest is None or latest.task is None:
            return words.plural(self.group.task_count, "task") if self.group.task_count else ""
        others = self.group.task_count - 1
        return f"{latest.task.name} and {words.plural(others, 'other task')}" if others > 0 else latest.task.name

    @property
    def why(self) -> str:
        """The reason, where the class of the error does not say it."""
        return words.REASONS.get(self.group.reason, self.group.reason) if self.group.error_type else ""


@require_safe
@page
def run_group_list(request: Request) -> HttpResponse:
    """Show the groups of what matches, the one that failed last first."""
    narrowed = request.GET.copy()
    narrowed["status"] = NEEDS
    filters = all_filters_of(narrowed)
    found = run_groups(request.user, filters)
    context = {
        "groups": [Shown(group, _query(narrowed, group)) for group in found.groups],
        "kept": kept(narrowed),
        "is_narrowed": filters.asked != NEEDING.asked,
        "faults": faults_of(narrowed, filters),
        "since": found.since,
        "is_cut": found.is_cut,
        "walk": WALK,
    }
    return render(request, "pages/run-groups.html", context, fragments=FRAGMENTS)


def _query(narrowed: QueryDict, group: RunGroup) -> str:
    """The filters that leave exactly this group."""
    return urlencode({**QueryDict(kept(narrowed)).dict(), **group.narrowed})
