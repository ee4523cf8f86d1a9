"""Refuses requests whose Content-Type Django fails at: it reads that before any of its own handling of errors.

A form in another encoding than UTF-8 is refused with them, because what decodes it may be any codec of Python.
"""

from django.utils.http import parse_header_parameters

from scheduler_project.refusals import Application, Message, Receive, Send, refuse

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_UTF_8 = ("utf-8", "utf8")
_WORDS = "The Content-Type of the request cannot be read, or names another encoding than UTF-8."


class ReadableContentType:
    """An ASGI application around another."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 415."""
        given = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type")
        if is_readable(given):
            await self._application(scope, receive, send)
        else:
            await refuse(send, path=scope["path"], status=415, code="unsupported_media_type", message=_WORDS)


def is_readable(content_type: str) -> bool:
    """Say whether Django can read this header, and the body by it."""
    if ";" not in content_type:
        return True
    try:
        kind, parameters = parse_header_parameters(content_type)
    except (ValueError, LookupError, TypeError, AttributeError):  # of the email package, by the form of what is wrong
        return False
    charset = parameters.get("charset", "utf-8").strip().lower()
    return charset in _UTF_8 if kind in _FORMS else charset.isascii() and charset.isprintable()
