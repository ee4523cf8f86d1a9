"""The task types, by name. A name is stored data: to rename a type, keep the old name in `aliases`."""

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from tasks_app.handlers.payload import Payload
from tasks_app.handlers.spec import BadHandler, ErrorTypes, HandlerFunction, HandlerSpec
from tasks_app.handlers.validation import check_owner, validate_payload
from tasks_app.retry import RetryPolicy

F = TypeVar("F", bound=HandlerFunction)


class UnknownType(KeyError):
    """No handler has this name, here and now; code may have been removed since it was stored."""

    def __init__(self, name: str, suggestion: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.message = f"There is no task type {name[:80]!r}{f'; did you mean {suggestion!r}?' if suggestion else '.'}"

    def __str__(self) -> str:
        return self.message


class Registry:
    """A set of handlers. The platform has one, below; tests make their own."""

    def __init__(self) -> None:
        self._by_name: dict[str, HandlerSpec] = {}

    def add(self, spec: HandlerSpec) -> None:
        """Take a handler in; a name that is taken, also as an alias, is refused."""
        names = (spec.name, *spec.aliases)
        for name in names:
            if name in self._by_name:
                raise BadHandler(
                    f"task type {name!r} is declared twice: by {self._by_name[name].source} and by {spec.source}"
                )
        self._by_name.update(dict.fromkeys(names, spec))

    def get(self, name: str) -> HandlerSpec:
        """Give the handler of that name or alias; raise `UnknownType`."""
        try:
            return self._by_name[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._by_name, n=1)
            raise UnknownType(name, *near) from None

    def all(self) -> list[HandlerSpec]:
        """Give every handler once, by name, internal ones included."""
        return sorted(set(self._by_name.values()), key=lambda spec: spec.name)

    def validate(self, name: str, payload: object) -> tuple[BaseModel, dict[str, Any]]:
        """Give the payload as its model and as plain JSON to store; raise `Invalid` or `UnknownType`."""
        return validate_payload(self.get(name).payload, payload)

    def validate_for(self, owner: Any, name: str, payload: object) -> tuple[BaseModel, dict[str, Any]]:
        """As `validate`, and check that the payload may run on behalf of `owner`; None is the platform."""
        instance, plain = self.validate(name, payload)
        check_owner(instance, owner)
        return instance, plain

    def handler(  # noqa: PLR0913  # the options of a declaration, all by keyword
        self,
        name: str,
        *,
        payload: type[BaseModel] = Payload,
        title: str = "",
        description: str = "",
        queue: str = "default",
        timeout: int | None = 3600,
        soft_timeout: int | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        retry_on: ErrorTypes = (Exception,),
        give_up_on: ErrorTypes = (),
        sensitive: bool = False,
        internal: bool = False,
        aliases: tuple[str, ...] = (),
        permission: str = "",
        why_off: Callable[[], str] | None = None,
        retry_for: Callable[[Mapping[str, Any]], RetryPolicy] | None = None,
        short: bool | None = None,
        flush_each: bool = False,
    ) -> Callable[[F], F]:
        """Declare a function `(ctx, payload) -> JSON` as the handler of a task type; it stays an ordinary function.

        `retry_on` and `give_up_on` are exception classes; the second wins. `sensitive` hides the payload from everybody
        but its owner; `internal` keeps the type from people. `permission` ("app.codename") is what the owner of a run
        needs; `why_off` says why nobody may use the type now, or gives "". `retry_for` is the policy of one payload.
        `short` runs (of milliseconds) share claims and writes with their neighbours; None lets each worker find out.
        `flush_each` has each outcome written at once all the same.
        """

        def register(function: F) -> F:
            self.add(
                HandlerSpec(
                    name=name,
                    function=function,
                    payload=payload,
                    title=title or name.replace(".", " ").replace("_", " ").capitalize(),
                    description=description or _first_paragraph(function),
                    queue=queue,
                    timeout_seconds=timeout,
                    soft_timeout_seconds=soft_timeout,
                    retry=retry,
                    retry_on=retry_on,
                    give_up_on=give_up_on,
                    sensitive=sensitive,
                    internal=internal,
                    aliases=aliases,
                    permission=permission,
                    why_off=why_off,
                    retry_for=retry_for,
                    short=short,
                    flush_each=flush_each,
                )
            )
            return function

        return register


def _first_paragraph(function: HandlerFunction) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())


_types = Registry()
handler = _types.handler
get = _types.get
all = _types.all
validate = _types.validate
validate_for = _types.validate_for
