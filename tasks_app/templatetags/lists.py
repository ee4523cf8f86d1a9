"""What lists show beside the common components: countdowns, searches as links, exact numbers."""

from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from django import template
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from tasks_app.selectors.search_tasks import LATE
from tasks_app.selectors.search_text import written
from tasks_app.templatetags.carillon import time_of
from tasks_app.web import words

register = template.Library()

_COUNTS = SafeString(" data-due")
_LATE = SafeString(' data-due class="is-late"')


@register.simple_tag
def countdown(instant: datetime, zone: str = "") -> SafeString:
    """A `<time>` that counts down to what shall begin, and says so when it is overdue; the exact instant on hover."""
    now = timezone.now()
    return time_of(instant, words.due(instant, now), zone=zone, attributes=_LATE if now - instant >= LATE else _COUNTS)


@register.simple_tag
def searched(page: str, name: str, value: str) -> str:
    """The address of a list, searched for one term."""
    return _searched(page, name, value, get_script_prefix())


@lru_cache(maxsize=1024)
def _searched(page: str, name: str, value: str, prefix: str) -> str:
    return f"{reverse(page)}?q={quote(written(name, value))}"


@register.filter
def thousands(count: int) -> str:
    """A number that was counted exactly."""
    return f"{count:,}"
