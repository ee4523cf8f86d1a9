"""JSON as coloured, escaped HTML."""

import json
import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_TOKEN = re.compile(
    r'(?P<k>"(?:\\.|[^"\\])*")(?=\s*:)|(?P<s>"(?:\\.|[^"\\])*")|(?P<n>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<l>\b(?:true|false|null)\b)'
)


def render(value: object) -> SafeString:
    """Indent the value and mark keys, strings, numbers and literals; everything passes through `escape`."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    parts: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(f'<span class="{match.lastgroup}">{escape(match.group())}</span>')
        end = match.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))  # noqa: S308  # every part is escaped above
