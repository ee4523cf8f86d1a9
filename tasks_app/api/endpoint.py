"""What every view shares: the body and the parameters read into shapes, the answer written out of one.

A view's method is an ordinary function `(self, call, query?, body?, <path>?) -> shape`: its annotations say what is
read and answered, and the schema is made from the same.
"""

import functools
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, get_args, get_type_hints

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tasks_app.api.body import read_json, read_raw
from tasks_app.api.call import Call
from tasks_app.api.operation_schema import described
from tasks_app.api.parameters import read_query
from tasks_app.api.shape import NoParameters, Nothing, Out, Shape, read_shape
from tasks_app.errors import FieldError, Invalid, NotFound
from tasks_app.models import ApiKey
from tasks_app.services.idempotency import Answer, Used, once

_WITH_BODY = ("post", "put", "patch")
_LONGEST_KEY = 200
IDEMPOTENCY_KEY = "Idempotency-Key"


class Endpoint(APIView):
    """One address. OPTIONS would describe it in DRF's own words: the schema does that."""

    http_method_names = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Created:
    """An answer that tells of something new, from an operation that may also change what was there."""

    shape: Out


@dataclass(frozen=True)
class Operation:
    """One method of one address, as its function declares it."""

    name: str
    status: int
    function: Callable[..., Any]
    query: type[Shape]
    body: type[Shape]
    answer: type[Out] | None
    takes: frozenset[str]
    is_idempotent: bool = False
    reads_if_match: bool = False
    others: dict[int, type[Out]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, status: int, function: Callable[..., Any], **more: Any) -> "Operation":
        """Read the function's annotations."""
        hints = get_type_hints(function)
        told = hints.get("return")
        answers = [one for one in (*get_args(told), told) if inspect.isclass(one) and issubclass(one, Out)]
        others = {one.http_status: one for one in answers if one.http_status is not None}
        return cls(
            name=name,
            status=status,
            function=function,
            query=hints.get("query", NoParameters),
            body=hints.get("body", Nothing),
            answer=answers[0] if answers else None,
            takes=frozenset(inspect.signature(function).parameters) & {"query", "body"},
            others=others | ({201: answers[0]} if Created in get_args(told) else {}),
            **more,
        )

    def run(self, view: APIView, request: Request, path: dict[str, Any]) -> Answer:
        """Read, call, and give the answer ready to be sent."""
        if any(not text.isprintable() for text in path.values() if isinstance(text, str)):
            raise NotFound("There is nothing here.")
        query = read_query(self.query, request.query_params)
        raw = read_raw(request._request) if (request.method or "").lower() in _WITH_BODY else b""
        values = read_json(request.headers.get("Content-Type", ""), raw)
        body = read_shape(self.body, values, unknown="unknown_field")
        given = {name: value for name, value in (("query", query), ("body", body)) if name in self.takes}
        call = Call.of(request)

        def work() -> Answer:
            return self._answer(self.function(view, call, **given, **path))

        key = _idempotency_key(request) if self.is_idempotent else None
        if key is None:
            return work()
        used = Used(call.principal, str(request.method), request._request.path, key)
        return once(used, digest=hashlib.sha256(raw).hexdigest(), work=work)

    def _answer(self, result: Out | Created | None) -> Answer:
        shape = result.shape if isinstance(result, Created) else result
        status = HTTPStatus.CREATED if isinstance(result, Created) else (shape and shape.http_status) or self.status
        if shape is None:
            return Answer(status, None, {})
        headers = shape.headers()
        if status not in (HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            headers.pop("Location", None)
        return Answer(status, shape.model_dump(mode="json", by_alias=True), headers)


def operation(
    name: str, *, status: int = 200, scope: ApiKey.Scope | None = None, idempotent: bool = False, if_match: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Make a view's function answer HTTP. `name` is its operationId; `scope` what a key needs for it."""

    def declare(function: Callable[..., Any]) -> Callable[..., Response]:
        one = Operation.of(name, status, function, is_idempotent=idempotent, reads_if_match=if_match)

        @functools.wraps(function)
        def respond(self: APIView, request: Request, **path: Any) -> Response:
            answer = one.run(self, request, path)
            headers = dict(answer.headers)
            if answer.is_replayed:
                headers["Idempotency-Replayed"] = "true"
            return Response(answer.body, status=answer.status, headers=headers)

        respond.scope = scope  # type: ignore[attr-defined]  # auth.ScopePermission reads it
        decorated: Callable[..., Response] = described(one)(respond)
        return decorated

    return declare


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        message = f"Must be 1 to {_LONGEST_KEY} printable ASCII characters."
        raise Invalid(message, fields={IDEMPOTENCY_KEY: [FieldError("invalid", message)]})
    return key
