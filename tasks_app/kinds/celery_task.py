"""`celery_task`: a plain Celery task that an app offers, with the history, retries and log of a run."""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from celery import Task
from pydantic import BaseModel, Field
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from tasks_app.errors import Invalid, Permanent
from tasks_app.handlers import Payload, RetryPolicy, RunContext, handler
from tasks_app.handlers.celery import NotOffered, Offer, offer_all, offered_task
from tasks_app.handlers.plain import NotPlain, to_plain
from tasks_app.handlers.validation import validate_payload
from tasks_app.kinds.celery_call import Limit, call_task
from tasks_app.kinds.celery_logs import logs_to
from tasks_app.kinds.celery_signature import Unusable, arguments_for, arguments_model
from tasks_app.kinds.remembered import remembered
from tasks_app.models import TaskRun
from tasks_app.retry import MAX_RETRIES_LIMIT
from tasks_app.selectors.effects import happened_in_repeated

logger = logging.getLogger(__name__)


class Call(NamedTuple):
    """A task and the arguments that it is to be called with."""

    task: "Task[..., Any]"
    arguments: BaseModel


class CeleryTask(Payload):
    """Which task, and its arguments."""

    task: str = Field(description="The Celery task, by its name.")
    arguments: dict[str, Any] = Field({}, description="The arguments of the task, by their names.")

    def check(self) -> None:
        """See that the task is offered and takes these arguments."""
        self.call()

    def call(self) -> Call:
        """Give the task and its arguments; raise `Invalid`."""
        try:
            task = offered_task(self.task)
            model = arguments_model(task)
        except NotOffered as error:
            raise Invalid.at("task", "not_offered", error.message) from None
        except Unusable as error:
            raise Invalid.at("task", "unusable", str(error)) from None
        return Call(task, validate_payload(model, self.arguments, root="arguments")[0])

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Describe the payload of each offered task, told apart by its name."""
        schema = super().model_json_schema(*args, **kwargs)
        offers = offer_all()
        if not offers:
            return schema
        schema["properties"]["task"]["enum"] = [offer.name for offer in offers]
        variants = dict(_variants(schema, offers, kwargs.get("schema_generator", GenerateJsonSchema)))
        schema["oneOf"] = [{"$ref": reference} for reference in variants.values()]
        schema["discriminator"] = {"propertyName": "task", "mapping": variants}
        return schema


def _variants(
    schema: dict[str, Any], offers: list[Offer], generator: type[GenerateJsonSchema]
) -> Iterator[tuple[str, str]]:
    """Put the schema of each task's payload among the definitions; gives its reference."""
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    for offer in offers:
        key = re.sub(r"[^A-Za-z0-9_.]", "_", offer.name)
        arguments = _arguments_schema(offer, f"#/$defs/{key}.{{model}}", generator)
        for name, inner in arguments.pop("$defs", {}).items():
            definitions[f"{key}.{name}"] = inner
        if not arguments.get("properties"):
            arguments.setdefault("description", "It takes none.")
        definitions[key] = {
            "type": "object",
            "title": offer.title,
            "description": offer.description,
            "x-label": offer.title,
            "properties": {"task": {"const": offer.name}, "arguments": arguments},
            "required": ["task", *(["arguments"] if arguments.get("required") else [])],
            "additionalProperties": False,
        }
        yield offer.name, f"#/$defs/{key}"


def _arguments_schema(offer: Offer, references: str, generator: type[GenerateJsonSchema]) -> dict[str, Any]:
    """A task whose code is broken is described as taking anything; calling it says what is wrong."""
    try:
        model = arguments_model(offered_task(offer.name))
        return model.model_json_schema(ref_template=references, schema_generator=generator)
    except Exception as error:
        logger.warning("the Celery task %s cannot be described: %s", offer.name, error)
        return {"type": "object", "title": "Arguments", "additionalProperties": True}


def _why_off() -> str:
    return "" if offer_all() else "No app of this installation offers a Celery task."


def _retries(payload: Mapping[str, Any]) -> RetryPolicy:
    """As often as the Celery task says, where nothing else is said."""
    try:
        return RetryPolicy(max_retries=_usual_retries(offered_task(str(payload.get("task")))))
    except NotOffered:  # the run will end, saying so
        return RetryPolicy()


def _usual_retries(task: "Task[..., Any]") -> int:
    said = getattr(task, "retry_kwargs", {}).get("max_retries", task.max_retries)
    return MAX_RETRIES_LIMIT if said is None else min(int(said), MAX_RETRIES_LIMIT)


@handler(
    "celery_task",
    payload=CeleryTask,
    title="Celery task",
    permission="tasks_app.run_celery_task",
    why_off=_why_off,
    retry_for=_retries,
)
def celery_task(ctx: RunContext, payload: CeleryTask) -> Any:
    """Runs a plain Celery task that an app of this installation offers, with the history, retries and log of a run."""
    task, arguments = payload.call()
    args, kwargs = arguments_for(task, arguments)
    limit = _limit(ctx, task)
    ctx.check_stop()
    # Celery runs a task again after a crash only where it is acknowledged late; any other is a person's to judge.
    with ctx.effect(f"call:{ctx.run_id}", idempotent=bool(task.acks_late)) as call:
        if call.done:
            return call.result
        if happened_in_repeated(ctx.run_id, key="call:{}"):
            call.confirm(remembered(None))
            return call.result
        try:
            with logs_to(ctx):
                result = call_task(ctx, task, args, kwargs, limit)
        except Exception:
            call.not_done()
            raise
        stored = _storable(task, result)
        call.confirm(stored)
    return stored


def _limit(ctx: RunContext, task: "Task[..., Any]") -> Limit:
    usual = _usual_retries(task)
    run = TaskRun.objects.filter(id=ctx.run_id).values("max_retries", "task_id", "task__max_retries").first()
    if run is None:
        return Limit(usual, is_own=False)
    is_own = run["task__max_retries"] is not None if run["task_id"] else run["max_retries"] != usual
    return Limit(run["max_retries"], is_own=is_own)


def _storable(task: "Task[..., Any]", result: Any) -> Any:
    try:
        return to_plain(result)
    except (NotPlain, PydanticSerializationError) as error:
        kind = type(result).__name__
        raise Permanent(f"{task.name} did its work, but what it returned ({kind}) is not JSON: {error}") from error
