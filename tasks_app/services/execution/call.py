"""Calling the handler: a clean start, and every way out turned into an outcome."""

import contextvars
import json
import os
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from tasks_app import caller
from tasks_app.errors import EffectUnknown, Invalid, Permanent, RetryLater, RunStopped, Skip, SoftTimeout
from tasks_app.handlers import Payload, registry, secrecy
from tasks_app.handlers.locks import with_locked
from tasks_app.handlers.masking import secrets_in
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.selectors.access import why_not
from tasks_app.selectors.type_rules import NO_RULE, Rule, type_rule
from tasks_app.services import outcomes
from tasks_app.services.execution.attempt import Attempt
from tasks_app.services.execution.context import Context
from tasks_app.services.execution.session import Sessions
from tasks_app.services.execution.storable import json_text, storable_of, storable_text
from tasks_app.services.execution.surroundings import Surroundings
from tasks_app.services.outcomes import Failure
from tasks_app.services.sealed_payloads import opened_locks, opened_payload
from tasks_app.services.sealing import Unsealable
from tasks_app.states import Reason

RESULT_MAX_BYTES = 65_536
_READ_BYTES = 16 * RESULT_MAX_BYTES
"""A result beyond it is not even looked through: that could take longer than the lease lasts."""
_READ_TEXT = 200_000
_LONGEST_DELAY_SECONDS = 366 * 86_400.0


class Outcome(NamedTuple):
    """How the attempt ended: a word for events, and what writes it down."""

    word: str
    settle: Callable[[], Any]
    detail: Any = None
    flush_each: bool = False


def call(attempt: Attempt, surroundings: Surroundings | None = None) -> Outcome:
    """Run the handler and give its outcome; nothing is raised. The process is left as `surroundings` has it, or as it
    is now."""
    try:
        return _call(attempt, surroundings or Surroundings())
    except BaseException as error:  # what it raised cannot even be told: a message or a type of its own that raises
        told = f"it raised what cannot be told: {type(error).__name__}"
        return _failed(attempt, Failure(reason=Reason.HANDLER_ERROR, error=told, error_type=type(error).__name__))


def _call(attempt: Attempt, surroundings: Surroundings) -> Outcome:
    held = attempt.held
    secrecy.known.begin()
    prepared = _prepare(attempt)
    if isinstance(prepared, Failure):
        return _failed(attempt, prepared)
    spec, model = prepared
    try:
        stored = _storable(_cleanly(attempt, spec, model, surroundings))
    except Skip as skip:
        reason = _hidden(str(skip.reason))
        return Outcome("skipped", lambda: outcomes.attempt_skipped(held, reason=reason), reason)
    except RunStopped as stopped:
        return _stopped(attempt, stopped)
    except BaseException as error:
        return _failed(attempt, failure_of(error, spec))
    flush_each = spec.flush_each or attempt.has_effects
    return Outcome("succeeded", lambda: outcomes.attempt_succeeded(held, result=stored), stored, flush_each)


def _prepare(attempt: Attempt) -> tuple[HandlerSpec, Any] | Failure:
    """Find the type's code and read the payload, which may be older than that."""
    run = attempt.run
    try:
        spec = registry.get(run.type)
    except registry.UnknownType as error:
        return Failure(reason=Reason.UNKNOWN_TYPE, error=str(error), is_permanent=True)
    try:
        rule = _rule(attempt, spec)
        is_asked = spec.permission or spec.why_off or rule.is_restricted
        reason = why_not(run.owner, spec, is_restricted=rule.is_restricted) if is_asked else ""
        if reason:
            return Failure(reason=Reason.HANDLER_ERROR, error=reason, error_type="Forbidden", is_permanent=True)
        return spec, _model(attempt, spec, rule)
    except Unsealable as error:
        return Failure(reason=Reason.INVALID_PAYLOAD, error=error.message, is_permanent=True)
    except Invalid as error:
        return Failure(reason=Reason.INVALID_PAYLOAD, error=secrecy.hide(_say(error)), is_permanent=True)
    except Exception as error:  # a fault in the type's own checks
        return failure_of(error, spec)


def _rule(attempt: Attempt, spec: HandlerSpec) -> Rule:
    """What administrators have laid down for the type, as it stands now and not when the task was saved."""
    return attempt.group.rules.get(spec.name, NO_RULE) if attempt.group else type_rule(spec.name)


def _model(attempt: Attempt, spec: HandlerSpec, rule: Rule) -> Any:
    run, payload = attempt.run, opened_payload(attempt.run)
    if rule.locked:
        payload = with_locked(spec.payload, payload, opened_locks(spec.name, rule.locked))
    secrecy.known.begin(lambda: secrets_in(spec.payload, payload))
    asks_owner = issubclass(spec.payload, Payload) and spec.payload.check_owner is not Payload.check_owner
    if asks_owner:
        return registry.validate_for(run.owner, run.type, payload)[0]
    return registry.validate(run.type, payload)[0]


def failure_of(error: BaseException, spec: HandlerSpec) -> Failure:
    """Say what an exception means: for good or not, when to try again."""
    details: dict[str, Any] = {
        "error": _told(error),
        "error_type": type(error).__name__,
        "traceback": _own_traceback(error),
    }
    if isinstance(error, EffectUnknown):
        return Failure(reason=Reason.EFFECT_UNKNOWN, is_permanent=True, **details)
    if isinstance(error, SoftTimeout):
        return Failure(reason=Reason.TIMEOUT, **details)
    if isinstance(error, RetryLater):
        delay = min(max(0.0, float(error.seconds)), _LONGEST_DELAY_SECONDS)
        return Failure(reason=Reason.HANDLER_ERROR, delay_seconds=delay, **details)
    is_permanent = isinstance(error, (Permanent, *spec.give_up_on)) or not isinstance(error, spec.retry_on)
    return Failure(reason=Reason.HANDLER_ERROR, is_permanent=is_permanent, **details)


def _cleanly(attempt: Attempt, spec: HandlerSpec, model: Any, surroundings: Surroundings) -> Any:
    """Call the handler in an empty context (language, time zone and context variables at their defaults).

    A process that it has forked, and that comes back here instead of ending, ends: there is one engine to a child.
    """
    context, clean, run = Context(attempt), contextvars.Context(), attempt.run
    find = lambda: caller.Who(f"run:{run.id}", run.owner_id, "run")  # noqa: E731
    clean.run(caller.enter, caller.Caller(find=find, is_asked=False))
    sessions = Sessions()
    try:
        try:
            attempt.is_interruptible = True
            return clean.run(spec.function, context, model)
        finally:
            if os.getpid() != attempt.pid:
                os._exit(1)
            attempt.handler_ended()
    finally:  # also when a wish to stop arrives between its end and the line above
        surroundings.restore()
        sessions.restore()


def _stopped(attempt: Attempt, stopped: RunStopped) -> Outcome:
    held = attempt.held
    if attempt.cancel_asked_at is not None:
        return Outcome("cancelled", lambda: outcomes.attempt_stopped(held), str(stopped))
    if not attempt.is_stop_wanted:  # nobody asked: handed back, it would begin again for ever
        return _failed(attempt, Failure(reason=Reason.HANDLER_ERROR, error=_told(stopped), error_type="RunStopped"))
    actor = f"worker:{held.worker}"
    return Outcome("handed_back", lambda: outcomes.attempt_handed_back(held, actor=actor), str(stopped))


def _failed(attempt: Attempt, failure: Failure) -> Outcome:
    held = attempt.held
    return Outcome("failed", lambda: outcomes.attempt_failed(held, failure), failure)


def _storable(result: Any) -> Any:
    """Check that a result is JSON; one that is too large is replaced by a note that says so."""
    if result is None:
        return None
    try:
        text = json_text(result)
        if len(text) > _READ_BYTES:
            return {"truncated": True, "bytes": len(text), "limit_bytes": RESULT_MAX_BYTES}
        stored = secrecy.hide_in(storable_of(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise Permanent(f"the handler's result is not JSON: {error}") from error
    size = len(json.dumps(stored).encode())
    if size > RESULT_MAX_BYTES:
        return {"truncated": True, "bytes": size, "limit_bytes": RESULT_MAX_BYTES}
    return stored


def _say(error: Invalid) -> str:
    faults = [f"{path}: {fault.message}" for path, found in error.fields.items() for fault in found]
    return "; ".join(faults) or error.message


def _told(error: BaseException) -> str:
    """Give the error in a line; what a handler says by Permanent and its like is a sentence already."""
    try:
        text = _hidden(str(error)).strip()
    except BaseException:
        text = "(its message cannot be read)"
    if text and isinstance(error, (Permanent, RetryLater, EffectUnknown)):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _own_traceback(error: BaseException) -> str:
    """Give the traceback without the engine's own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__") == __name__:
        trace = trace.tb_next
    try:
        lines = traceback.format_exception(type(error), error, trace)
    except BaseException as fault:  # it asks the exception, which may answer with anything
        lines = traceback.format_tb(trace)
        lines.append(f"{type(error).__name__}: (its traceback cannot be written: {type(fault).__name__})\n")
    return _hidden("".join(lines))


def _hidden(text: str) -> str:
    """Give the beginning of a text, fit to be stored: it is cut to less where it is kept."""
    return secrecy.hide(storable_text(text[:_READ_TEXT]))
