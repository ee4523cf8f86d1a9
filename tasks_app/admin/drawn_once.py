"""What unfold draws anew for each row of a list, though it is the same for all of them: it is drawn once."""

from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import escape
from django.utils.safestring import SafeString
from unfold.admin import checkbox
from unfold.templatetags import unfold_list

_MARK = "carillon-row"
_KEPT = 200
Headers = Callable[[Any], Iterable[dict[str, Any]]]
Label = Callable[[Any, str, Any], SafeString]
Address = Callable[[dict[str, Any], str], str]


def draw_once() -> None:
    """Let lists of unfold do so."""
    unfold_list.result_headers = _once_per_list(unfold_list.result_headers)
    unfold_list.display_for_label = _once_per_word(unfold_list.display_for_label)
    unfold_list.add_preserved_filters = _once_per_filter(unfold_list.add_preserved_filters)


def tick_of(key: object) -> SafeString:
    """The box by which the row with this key is chosen."""
    return SafeString(_box().replace(_MARK, escape(str(key))))


@lru_cache(1)
def _box() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, _MARK))


def _once_per_list(draw: Headers) -> Headers:
    @wraps(draw)
    def headers(changelist: Any) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] | None = getattr(changelist, "_drawn_headers", None)
        if kept is None:
            kept = changelist._drawn_headers = list(draw(changelist))
        return kept

    return headers


def _once_per_word(draw: Label) -> Label:
    @lru_cache(_KEPT)
    def kept(word: str, shown: str, tone: str) -> SafeString:
        return draw((word, shown), "", {word: tone})

    @wraps(draw)
    def label(value: Any, empty: str, tones: Any) -> SafeString:
        """A word out of a table of tones, or such a word and what is shown for it, is kept; the rest is drawn anew."""
        word, shown = value if isinstance(value, tuple) else (value, value)
        if not (isinstance(tones, dict) and isinstance(word, str) and word in tones and isinstance(shown, str)):
            return draw(value, empty, tones)
        return kept(word, shown, tones[word])

    return label


def _once_per_filter(draw: Address) -> Address:
    @lru_cache(_KEPT)
    def kept(opts: Any, filters: str) -> str:
        return draw({"preserved_filters": filters, "opts": opts}, _MARK).removeprefix(_MARK)

    @wraps(draw)
    def address(context: dict[str, Any], url: str) -> str:
        """What a row's address says of how its list is narrowed is the same for every row."""
        return url + kept(context["opts"], context["preserved_filters"])

    return address
