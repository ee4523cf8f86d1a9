"""One request as views see it: who asks, and the few things beside body and parameters that matter."""

from dataclasses import dataclass
from typing import cast

from django.contrib.auth.models import User
from rest_framework.request import Request

from tasks_app.api.errors import Refused
from tasks_app.errors import FieldError
from tasks_app.models import ApiKey


@dataclass(frozen=True)
class Call:
    """A request of somebody who has signed in."""

    user: User
    key: ApiKey | None
    request: Request

    @classmethod
    def of(cls, request: Request) -> "Call":
        """Take over what authentication has found."""
        return cls(cast(User, request.user), request.auth if isinstance(request.auth, ApiKey) else None, request)

    @property
    def actor(self) -> str:
        """The name under which the platform notes what is done."""
        name = self.user.get_username()
        return f"key:{name}/{self.key.name}" if self.key else f"user:{name}"

    @property
    def principal(self) -> str:
        """Whose Idempotency-Keys these are: the key's, or the person's."""
        return f"key:{self.key.pk}" if self.key else f"user:{self.user.pk}"

    @property
    def address(self) -> str:
        """The network address that the request came from: the proxy's word for it only where that is trusted."""
        return str(self.request.META.get("REMOTE_ADDR", ""))

    @property
    def if_match(self) -> int | None:
        """The version that an edit was made from, out of If-Match (`"3"`); None when any will do."""
        given = self.request.headers.get("If-Match", "").strip()
        if given in ("", "*"):
            return None
        version = given.removeprefix("W/").strip('"')
        if not (version.isascii() and version.isdigit() and len(version) < 10):  # noqa: PLR2004
            fault = FieldError("invalid", 'Must be the task\'s version in quotes, such as "3".')
            raise Refused(400, fault.message, code="invalid", fields={"If-Match": [fault]})
        return int(version)
