"""A small client of the API for tests: JSON in, JSON out, and nothing hidden."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tasks_app.models import ApiKey
from tasks_app.services.api_keys import api_key_create


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.body["error"]["code"])

    @property
    def faults(self) -> dict[str, list[str]]:
        """The codes at each field of an error."""
        return {path: [one["code"] for one in found] for path, found in self.body["error"]["fields"].items()}


class Api:
    """Calls under /api/, as somebody or as nobody."""

    def __init__(self, user: Any = None, *, key: str = "", checks_csrf: bool = False) -> None:
        self.client = Client(enforce_csrf_checks=checks_csrf, raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        if user is not None:
            self.client.force_login(user)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request; a body of bytes goes as it is."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = names.pop("Content-Type", "application/json")
        response = self.client.generic(method, f"/api/{path}", raw, kind, headers={**self.headers, **names})
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        content = json.loads(response.content) if is_json and response.content else response.content
        return Reply(response.status_code, content, dict(response.headers))

    def get(self, path: str, **headers: str) -> Reply:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        """POST."""
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Reply:
        """PUT."""
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        """PATCH."""
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Reply:
        """DELETE."""
        return self.call("DELETE", path, **headers)


def with_key(user: Any, scope: str = ApiKey.Scope.MANAGE, **more: Any) -> Api:
    """Sign in by a new key."""
    return Api(key=api_key_create(user=user, name="ci", scope=scope, **more)[1])
