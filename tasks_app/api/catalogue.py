"""The catalogue: common jobs as examples, ready to become tasks."""

from typing import Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Out
from tasks_app.api.task_shapes import zone_for
from tasks_app.catalogue import GROUPS
from tasks_app.selectors.catalogue import ExampleOffer, example_offers


class ToFillIn(Out):
    """A field of the payload that the example leaves to you."""

    path: str
    label: str
    words: str
    sample: Any = Field(description="Something of its kind; not to be sent.")
    is_required: bool


class CatalogueEntry(Out):
    """A common job. With its blanks filled in, these fields make a task."""

    key: str
    name: str
    description: str
    group: str
    type: str
    payload: dict[str, Any]
    blanks: list[ToFillIn]
    payload_schedule: dict[str, Any] = Field(alias="schedule", description="As in a task.")
    schedule_text: str
    queue: str
    why_not: str = Field(description="Why the caller may not use it; empty where they may.")


class CataloguePage(Page[CatalogueEntry]):
    """Common jobs, by group."""


class Catalogue(Endpoint):
    """Common jobs."""

    @operation("catalogue_list")
    def get(self, call: Call, query: PageQuery) -> CataloguePage:
        """List common jobs as examples: type, payload, schedule, and what is left to fill in."""
        return CataloguePage(**by_number(call, example_offers(call.user, zone_for(call)), query, _entry))


def _entry(offer: ExampleOffer) -> CatalogueEntry:
    one = offer.example
    same = ("key", "name", "description", "type", "queue")
    return CatalogueEntry(
        group=GROUPS[one.group],
        payload=dict(one.payload),
        payload_schedule=dict(one.schedule),
        schedule_text=offer.schedule_text,
        blanks=[ToFillIn(**vars(blank)) for blank in one.blanks],
        why_not=offer.why_not,
        **{name: getattr(one, name) for name in same},
    )
