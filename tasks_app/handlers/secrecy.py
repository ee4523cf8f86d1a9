"""Secrets in what is said: error texts, log lines, results. What is known to be secret, or looks it, becomes a mask.

A process `keep`s the platform's own keys in mind, and `learn`s what it opens for the run at hand; everything that it
stores for a run or logs passes through `hide`. Known values are hidden in the spellings of a request as well.
"""

import base64
import contextlib
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from tasks_app.handlers.masking import MASK

LEAST_CHARACTERS = 4
"""A shorter value says nothing by itself, and would make holes in every sentence."""
_MOST_KNOWN = 400
_NAMES = (
    r"authorization|cookie|csrf[a-z_]*|passw(?:or)?d|passphrase|pwd|secret|token|credentials?|sessionid|signature"
    r"|(?:api|access|private|secret|field|signing|client)[_-]?(?:key|secret)s?"
)
# What is a secret by its form, whoever says it.
_FORMS = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)[\s.]+)(?=\S*[\d=+/._-]|\S{16})[A-Za-z0-9+/=._~-]{8,}"
    r"|\bcrn_[A-Za-z0-9_-]{6,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|(?P<place>\b[a-z][a-z0-9+.-]*://[^\s:/?#@\"']*:)[^\s/?#\"']+(?=@)",
    re.IGNORECASE,
)
# What stands behind the name of a secret: `password=…`, `"token": "…"`, `Cookie: …`.
_NAMED = re.compile(
    rf"(?P<name>(?:{_NAMES})[\"']?\s*(?:=>|[=:])\s*)"
    r"(?:(?P<quote>[\"'])(?:\\.|(?!(?P=quote)).)*(?P=quote)|(?:bearer |basic )?[^\s,;&\"'})\]]+)",
    re.IGNORECASE,
)


class Known:
    """The secrets of the run at hand, in every spelling; the newest few hundred."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept: dict[str, None] = {}
        self._values: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._later: Callable[[], Iterable[Any]] | None = None

    def keep(self, *secrets: Any) -> None:
        """Take note of secrets for as long as this process lives."""
        with self._lock:
            self._kept |= dict.fromkeys(self._worth_hiding(secrets))
            self._pattern = None

    def begin(self, later: Callable[[], Iterable[Any]] | None = None) -> None:
        """Forget the run before; `later` gives the secrets of this one, and is asked when something is said."""
        with self._lock:
            if self._values:
                self._values, self._pattern = {}, None
            self._later = later

    def learn(self, *secrets: Any) -> None:
        """Take note of secrets: texts, or anything that holds some."""
        with self._lock:
            self._values |= dict.fromkeys(self._worth_hiding(secrets))
            self._pattern = None
            while len(self._values) > _MOST_KNOWN:
                del self._values[next(iter(self._values))]

    def hide(self, text: str) -> str:
        """Give the text without them."""
        with self._lock:
            if self._later is not None:
                later, self._later = self._later, None
                self.learn(*later())
            if self._pattern is None:
                longest_first = sorted(self._values | self._kept, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
            return self._pattern.sub(MASK, text)

    def _worth_hiding(self, secrets: Iterable[Any]) -> Iterator[str]:
        for text in _texts(secrets):
            if len(text) >= LEAST_CHARACTERS:
                yield from _spellings(text)


known = Known()


def hide(text: str) -> str:
    """Give a text that is stored without the secrets of its run, and without what is a secret by its form."""
    return _FORMS.sub(_masked_form, known.hide(text))


def hide_in(value: Any) -> Any:
    """As `hide`, for every text in a JSON value."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [hide_in(inner) for inner in value]
    if isinstance(value, dict):
        return {hide(str(key)): hide_in(inner) for key, inner in value.items()}
    return value


def redact(text: str) -> str:
    """Give a line of a log without secrets: as `hide`, and without what stands behind the name of one."""
    return _NAMED.sub(_masked_name, hide(text))


class SecretFilter(logging.Filter):
    """Masks secrets in messages and tracebacks before any formatter sees them. Never refuses a record, never fails."""

    _plain = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place: it is the same for all handlers."""
        with contextlib.suppress(Exception):  # a record that cannot be written is for the handler to complain of
            record.msg, record.args = redact(record.getMessage()), None
            if record.exc_info and not record.exc_text:
                record.exc_text = self._plain.formatException(record.exc_info)
            if record.exc_text:
                record.exc_text = redact(record.exc_text)
            if record.stack_info:
                record.stack_info = redact(record.stack_info)
        return True


def _masked_form(found: re.Match[str]) -> str:
    return f"{found['scheme'] or found['place'] or ''}{MASK}"


def _masked_name(found: re.Match[str]) -> str:
    mark = found["quote"] or ""
    return f"{found['name']}{mark}{MASK}{mark}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _spellings(text: str) -> list[str]:
    """As it is, as URLs, JSON and Python write it, and as base64 does; of `Bearer …` also what follows the word."""
    scheme, _, rest = text.partition(" ")
    cores = [text, rest] if scheme.lower() in ("bearer", "basic") and len(rest) >= LEAST_CHARACTERS else [text]
    found = []
    for core in cores:
        found += [core, quote(core, safe=""), quote_plus(core), json.dumps(core)[1:-1], repr(core)[1:-1]]
        found.append(base64.b64encode(core.encode("utf-8", "replace")).decode())
    return found
