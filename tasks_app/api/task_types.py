"""The task types, as their handlers declare them."""

from typing import Any

from django.conf import settings
from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Out
from tasks_app.handlers import registry
from tasks_app.handlers.locks import masked_locks
from tasks_app.handlers.schema import defaults, payload_schema
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.selectors.access import why_not
from tasks_app.selectors.type_rules import NO_RULE, Rule, type_rules


class TaskType(Out):
    """What a task can do."""

    name: str
    title: str
    description: str
    payload_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema (2020-12) of the payload.")
    defaults: dict[str, Any] = Field(description="The default of each payload field that has one.")
    locked: dict[str, Any] = Field(
        description="The payload fields that an administrator has fixed, by dotted path, with their values; leave them "
        "out. Secrets are masked."
    )
    queue: str
    timeout_seconds: int | None = Field(description="Null: no limit.")
    soft_timeout_seconds: int | None
    max_retries: int
    retry: dict[str, Any]
    sensitive: bool = Field(description="Its payloads are shown to their owners alone.")
    can_schedule: bool = Field(description="Whether the caller may make tasks of it.")
    why_not: str = Field(description="Why the caller may not; empty where they may.")


class TaskTypePage(Page[TaskType]):
    """Task types, by name."""


class TaskTypeList(Endpoint):
    """All task types."""

    @operation("task_type_list")
    def get(self, call: Call, query: PageQuery) -> TaskTypePage:
        """List the task types that people may use."""
        specs = [spec for spec in registry.all() if not spec.internal]
        may_manage = call.key is None or call.key.scope == call.key.Scope.MANAGE
        rules = type_rules()

        def shown(spec: HandlerSpec) -> TaskType:
            return _type(spec, call, may_manage, rules.get(spec.name, NO_RULE))

        return TaskTypePage(**by_number(call, specs, query, shown))


def _type(spec: HandlerSpec, call: Call, may_manage: bool, rule: Rule) -> TaskType:
    reason = (
        why_not(call.user, spec, is_restricted=rule.is_restricted) if may_manage else "This key may not make tasks."
    )
    return TaskType(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        payload_schema=payload_schema(spec),
        defaults=defaults(spec),
        locked=masked_locks(spec.payload, rule.locked),
        queue=spec.queue,
        timeout_seconds=spec.timeout_seconds,
        soft_timeout_seconds=spec.soft_timeout_seconds,
        max_retries=spec.retry.retries_or(settings.RETRY_MAX),
        retry=spec.retry.to_json(),
        sensitive=spec.sensitive,
        can_schedule=not reason,
        why_not=reason,
    )
