"""The ways in which services cut a list into pages, and what an answer says about the next one."""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tasks_app.kinds.json_path import Path
from tasks_app.kinds.sync_items import Unreadable, value_or_none
from tasks_app.services.outbound import Answer

_LONGEST_CURSOR = 1_000
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)

Parameter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\[\]~-]{1,100}$")]
_MAX_PAGES = Field(1_000, ge=1, le=10_000, title="At most", description="Pages; a list that goes on longer fails.")


class _Paging(BaseModel):
    model_config = ConfigDict(extra="forbid")
    # The answer itself says where its next page is, so that its version speaks for where that is, too.
    has_versions: ClassVar[bool] = False

    def first(self, url: httpx.URL) -> httpx.URL:
        """Give the address of the first page."""
        return url

    def is_short(self, items: Sequence[Any]) -> bool:
        """Say whether there are fewer items than were asked for."""
        return False


class OnePage(_Paging):
    """The whole list is one answer."""

    style: Literal["none"] = "none"
    max_pages: ClassVar[int] = 1
    has_versions: ClassVar[bool] = True

    def following(self, url: httpx.URL, answer: Answer, document: Any, items: Sequence[Any]) -> httpx.URL | None:
        """There is no next page."""
        return None


class LinkPages(_Paging):
    """Each answer names the next page in a header: `Link: <…>; rel="next"`."""

    style: Literal["link"] = "link"
    max_pages: int = _MAX_PAGES
    has_versions: ClassVar[bool] = True

    def following(self, url: httpx.URL, answer: Answer, document: Any, items: Sequence[Any]) -> httpx.URL | None:
        """Follow the header."""
        return linked(url, answer)


class CursorPages(_Paging):
    """Each answer holds a cursor, which is sent as a parameter to get the next page; none, null or "" ends the list."""

    style: Literal["cursor"] = "cursor"
    cursor_path: Path = Field(description="Where the cursor stands in the answer, such as meta.next.")
    cursor_parameter: Parameter = Field(description="The query parameter that takes it.")
    max_pages: int = _MAX_PAGES

    def following(self, url: httpx.URL, answer: Answer, document: Any, items: Sequence[Any]) -> httpx.URL | None:
        """Send the cursor back."""
        cursor = value_or_none(document, self.cursor_path)
        if cursor is None or cursor is False or cursor == "":
            return None
        if isinstance(cursor, bool) or not isinstance(cursor, str | int):
            raise Unreadable(f"has a cursor at {self.cursor_path!r} that is neither text nor a whole number.")
        text = str(cursor) if isinstance(cursor, str) else json.dumps(cursor)
        if len(text) > _LONGEST_CURSOR or not text.isprintable():
            raise Unreadable(f"has a cursor at {self.cursor_path!r} that is too long, or not printable.")
        return url.copy_set_param(self.cursor_parameter, text)


class NumberedPages(_Paging):
    """Pages are asked for by number, until one is empty, or shorter than `size` where another was not."""

    style: Literal["page"] = "page"
    page_parameter: Parameter = Field("page", description="The query parameter that takes the number.")
    start: int = Field(1, ge=0, le=1, description="The number of the first page.")
    size_parameter: Parameter | None = Field(None, description="The query parameter that takes the size.")
    size: int | None = Field(None, ge=1, le=10_000, description="How many items to ask for on a page.")
    max_pages: int = _MAX_PAGES

    def first(self, url: httpx.URL) -> httpx.URL:
        """Name the first page, and the size."""
        if self.size_parameter and self.size:
            url = url.copy_set_param(self.size_parameter, self.size)
        return url.copy_set_param(self.page_parameter, self.start)

    def following(self, url: httpx.URL, answer: Answer, document: Any, items: Sequence[Any]) -> httpx.URL | None:
        """Count on."""
        if not items:
            return None
        return url.copy_set_param(self.page_parameter, int(url.params[self.page_parameter]) + 1)

    def is_short(self, items: Sequence[Any]) -> bool:
        """Compare with the size that was asked for, which a service may cut down to its own."""
        return self.size is not None and len(items) < self.size


Paging = OnePage | LinkPages | CursorPages | NumberedPages


def linked(url: httpx.URL, answer: Answer) -> httpx.URL | None:
    """Give the target of the Link header's `next`, if it has one."""
    for target, parameters in _LINK.findall(", ".join(answer.headers.get_list("link"))):
        relation = _REL.search(parameters)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            try:
                return url.join(target.strip())
            except httpx.InvalidURL:
                raise Unreadable("links to a next page that is not a URL.") from None
    return None
