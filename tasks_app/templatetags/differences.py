"""What was, and what is: lists of fields that differ, of which a page has hundreds, too many for a template."""

from collections.abc import Iterable
from typing import Protocol

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

register = template.Library()

_LONGEST = 300
_ARROW = SafeString(' <span class="ink-3">→</span>')
_NOTHING = SafeString("")


class Different(Protocol):
    """A field, before and after; None where there was or is nothing."""

    @property
    def name(self) -> str:
        """Of the field."""

    @property
    def before(self) -> str | None:
        """What it said."""

    @property
    def after(self) -> str | None:
        """What it says."""


@register.filter
def difference_items(differences: Iterable[Different]) -> SafeString:
    """Items of a list: each field with what it said and says."""
    return mark_safe("".join(map(_difference, differences)))  # noqa: S308  # each is escaped


def _difference(one: Different) -> SafeString:
    before, after = _side("del", one.before), _side("ins", one.after)
    return format_html("<li><b>{}</b>{}{}{}</li>", one.name, before, _ARROW if before and after else _NOTHING, after)


def _side(tag: str, text: str | None) -> SafeString:
    if text is None:
        return _NOTHING
    said = text if len(text) <= _LONGEST else Truncator(text).chars(_LONGEST)
    return format_html(" <{0}>{1}</{0}>", SafeString(tag), said)
