"""A form that starts work and is sent twice, by a double click or a repeated request, does its work once.

Each form carries a word of its own (`{% once %}`). The same word with the same content is the same press of the
button: it gets the answer of the first. The same word with other content, after a step back in the browser, is not.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus

from tasks_app.services.idempotency import Answer, Used, once
from tasks_app.web.page import Request

FIELD = "once"
_LONGEST_WORD = 64
_NOT_CONTENT = ("csrfmiddlewaretoken", FIELD)


@dataclass(frozen=True)
class Outcome:
    """Where to go after the work, and what was refused beside it."""

    then: str
    refusal: str = ""


def new_word() -> str:
    """Give the word of one drawing of a form."""
    return secrets.token_urlsafe(18)


def done_once(request: Request, work: Callable[[], Outcome]) -> Outcome:
    """Do the work, or give what came of it when the form was sent before; what raises may be sent again."""
    word = request.POST.get(FIELD, "")
    if not 0 < len(word) <= _LONGEST_WORD:
        return work()
    digest = _digest(request, word)
    used = Used(f"user:{request.user.pk}", "FORM", request.path, digest)
    answer = once(used, digest=digest, work=lambda: Answer(HTTPStatus.SEE_OTHER, asdict(work()), {}))
    return Outcome(**(answer.body or {}))


def _digest(request: Request, word: str) -> str:
    given = sorted((name, values) for name, values in request.POST.lists() if name not in _NOT_CONTENT)
    return hashlib.sha256(repr((word, request.GET.urlencode(), given)).encode("utf-8", "replace")).hexdigest()
