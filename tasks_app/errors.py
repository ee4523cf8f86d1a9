"""Errors that callers can tell apart, and the outcomes that a handler can raise.

`CarillonError` is what services raise: an interface turns it into its own answer (an API error, a message at a form
field).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field.

    `position` counts characters into the text that was given. `suggestion` is what may be given in its place, ready
    to be used; `also` are further ones, where more than one thing may be meant. `timezone` is the zone that
    the text named and that belongs to them.
    """

    code: str
    message: str
    position: int | None = None
    suggestion: Any = None
    also: tuple[Any, ...] = ()
    timezone: str = ""


FieldErrors = Mapping[str, Sequence[FieldError]]


class CarillonError(Exception):
    """A refusal with a code, a sentence for people and, where it applies, the fields at fault."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, fields: FieldErrors | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.fields: dict[str, list[FieldError]] = {path: list(errors) for path, errors in (fields or {}).items()}


class Invalid(CarillonError):
    """The input has no meaning here."""

    code = "invalid"

    @classmethod
    def at(cls, path: str, code: str, message: str) -> "Invalid":
        """Build the error for one field."""
        return cls(message, fields={path: [FieldError(code, message)]})


class Forbidden(CarillonError):
    """The caller is known and may see the object, but may not do this."""

    code = "forbidden"


class NotFound(CarillonError):
    """There is no such object for this caller."""

    code = "not_found"


class Conflict(CarillonError):
    """The object's state forbids this."""

    code = "conflict"


class Stale(CarillonError):
    """The object has changed since the caller read it."""

    code = "stale"


class Permanent(Exception):
    """Raised by a handler: this failed and trying again cannot help."""


class RetryLater(Exception):
    """Raised by a handler: try again in `seconds`; counts as a failed attempt."""

    def __init__(self, seconds: float, message: str = "") -> None:
        super().__init__(message or f"asked to be run again in {seconds:g} s")
        self.seconds = seconds


class Skip(Exception):
    """Raised by a handler: there was nothing to do; the run ends skipped."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SoftTimeout(Exception):
    """Raised inside a handler when its soft time limit has passed."""


class EffectUnknown(Exception):
    """A side effect was begun and nobody knows whether it happened; a person must say."""


class RunStopped(BaseException):
    """Raised inside a handler that was asked to stop (cancel, shutdown).

    Not an `Exception`, so that a handler's `except Exception` lets it pass.
    """
