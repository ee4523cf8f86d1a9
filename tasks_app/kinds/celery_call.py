"""Calling a Celery task inside a run, as Celery's worker would, but with nothing sent to the broker.

The task finds its `request` (the run's id, how often it was retried), its `retry()` raises, its callbacks are called.
What only a message could do, Carillon does: the retry is the run's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from billiard.einfo import ExceptionInfo
from celery import Task, states
from celery._state import _task_stack  # type: ignore[attr-defined]  # the stubs lack it; Celery has no other way in
from celery.app.trace import task_has_custom
from celery.exceptions import Ignore, Reject, Retry
from django.utils import timezone

from tasks_app.errors import Permanent, RetryLater, Skip, SoftTimeout
from tasks_app.handlers import RunContext

_MISSING = object()


class Limit(NamedTuple):
    """How often the run may be retried, and whether that was said for it or comes from the Celery task."""

    retries: int
    is_own: bool


def call_task(ctx: RunContext, task: "Task[..., Any]", args: list[Any], kwargs: dict[str, Any], limit: Limit) -> Any:
    """Call the task and give what it returns; what it raises is put into Carillon's words."""
    with _as_request(ctx, task, args, kwargs, limit) as asked:
        about = ctx.run_id, args, kwargs
        try:
            task.before_start(ctx.run_id, args, kwargs)  # type: ignore[arg-type]  # a list, as Celery itself gives
            result = (task if task_has_custom(task, "__call__") else task.run)(*args, **kwargs)
        except (Ignore, Reject) as error:
            raise _turned_down(error, task) from error
        except Retry as error:
            _tell(ctx, task, "on_retry", error.exc or error, *about, ExceptionInfo())
            raise _try_again(ctx, error, limit) from error
        except Exception as error:
            _tell(ctx, task, "on_failure", error, *about, ExceptionInfo())
            _tell(ctx, task, "after_return", states.FAILURE, error, *about, ExceptionInfo())
            if limit.is_own or isinstance(error, (Permanent, RetryLater, Skip, SoftTimeout)):
                raise
            raise _final(error) from error
        _tell(ctx, task, "on_success", result, *about)
        _tell(ctx, task, "after_return", states.SUCCESS, result, *about, None)
        if asked:
            raise RetryLater(_seconds(asked[-1]), "the task asked for a retry and went on")
    return None if task.ignore_result else result


@contextmanager
def _as_request(
    ctx: RunContext, task: "Task[..., Any]", args: list[Any], kwargs: dict[str, Any], limit: Limit
) -> Iterator[list[Any]]:
    """Let the task find its request, and Carillon where Celery would send or store; gives the retries asked for."""
    asked: list[Any] = []

    def signature(request: Any = None, args: Any = None, kwargs: Any = None, **options: Any) -> _Unsent:
        if (args is not None and list(args) != about["args"]) or (kwargs is not None and kwargs != about["kwargs"]):
            raise Permanent(f"{task.name} asks for a retry with other arguments; a run keeps the ones it has.")
        return _Unsent(asked, options.get("eta") or options.get("countdown") or 0)

    def update_state(task_id: Any = None, state: Any = None, meta: Any = None, **_: Any) -> None:
        _report(ctx, state, meta)

    about: dict[str, Any] = {
        "id": ctx.run_id,
        "root_id": ctx.root_run_id,
        "correlation_id": ctx.run_id,
        "task": task.name,
        "args": args,
        "kwargs": kwargs,
        "retries": ctx.attempt - 1,
        "called_directly": False,
        "is_eager": False,
        "delivery_info": {},
        "headers": {},
    }
    ours = {"max_retries": limit.retries, "signature_from_request": signature, "update_state": update_state}
    before = {name: task.__dict__.get(name, _MISSING) for name in (*ours, "override_max_retries")}
    task.__dict__.update(ours)
    _task_stack.push(task)
    task.push_request(**about)
    try:
        yield asked
    finally:
        task.pop_request()
        _task_stack.pop()
        for name, value in before.items():
            task.__dict__.pop(name, None)
            if value is not _MISSING:
                task.__dict__[name] = value


class _Unsent:
    """What `retry()` would send: noted, not sent."""

    def __init__(self, asked: list[Any], when: Any) -> None:
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}
        self._asked = asked
        self._when = when

    def apply_async(self) -> None:
        """Note it."""
        self._asked.append(self._when)


def _try_again(ctx: RunContext, error: Retry, limit: Limit) -> Exception:
    cause = error.exc
    if isinstance(cause, SoftTimeout):
        return cause
    if ctx.attempt > limit.retries and isinstance(cause, Exception):
        return _final(cause)
    why = f"{type(cause).__name__}: {cause}" if isinstance(cause, BaseException) else "the task asks for a retry"
    return RetryLater(_seconds(error.when), why)


def _turned_down(error: Any, task: "Task[..., Any]") -> Exception:
    if isinstance(error, Ignore):
        return Skip(str(error) or f"{task.name} chose to ignore this")
    if error.requeue:
        return RetryLater(float(task.default_retry_delay or 0), f"rejected, to be tried again: {error.reason}")
    return Permanent(f"rejected: {error.reason}")


def _final(error: Exception) -> Permanent:
    """Celery tries again only what the task asks for: end the run, under the name of what was raised."""
    kind: type[Permanent] = type(type(error).__name__, (Permanent,), {"__module__": type(error).__module__})
    return kind(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _seconds(when: Any) -> float:
    if isinstance(when, datetime):
        instant = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (instant - timezone.now()).total_seconds())
    return max(0.0, float(when or 0))


def _report(ctx: RunContext, state: Any, meta: Any) -> None:
    """Show what the task says of its state: as progress where it has numbers, else in the log."""
    told = meta if isinstance(meta, dict) else {}
    done, total = told.get("current", told.get("done")), told.get("total")
    if isinstance(done, int | float):
        message = str(told.get("status") or told.get("message") or "")
        ctx.progress(done, total if isinstance(total, int | float) and total >= done else None, message)
    else:
        ctx.log(f"{state}: {meta}" if meta else f"{state}")


def _tell(ctx: RunContext, task: "Task[..., Any]", name: str, *about: Any) -> None:
    """Call one of the task's own callbacks; one that fails changes nothing about how the run ends."""
    try:
        getattr(task, name)(*about)
    except Exception as error:
        ctx.log(f"{name} of {task.name} failed: {type(error).__name__}: {error}", "warning")
