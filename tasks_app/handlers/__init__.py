"""For people who write handlers: declare one with `@handler` in `<app>/task_handlers.py` of any installed app."""

from tasks_app.errors import Invalid, Permanent, RetryLater, Skip, SoftTimeout
from tasks_app.handlers.context import EffectHandle, LogLevel, RunContext
from tasks_app.handlers.payload import Payload
from tasks_app.handlers.registry import UnknownType, handler
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.retry import RetryPolicy

__all__ = [
    "EffectHandle",
    "HandlerSpec",
    "Invalid",
    "LogLevel",
    "Payload",
    "Permanent",
    "RetryLater",
    "RetryPolicy",
    "RunContext",
    "Skip",
    "SoftTimeout",
    "UnknownType",
    "handler",
]
