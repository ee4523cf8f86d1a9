"""Plain Celery tasks, as an existing code base has them: they know nothing of runs."""

import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from celery import Task, shared_task
from celery.exceptions import Ignore, Reject
from celery.utils.log import get_task_logger
from pydantic import BaseModel

task_log = get_task_logger(__name__)
plain_log = logging.getLogger("tests.billing")

Bound = Task[..., Any]
called: list[tuple[Any, ...]] = []


class Address(BaseModel):
    """Where to."""

    street: str
    number: int = 1


class Strange:
    """What no JSON can say."""


@shared_task
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    called.append((a, b))
    return a + b


@shared_task
def everything(  # noqa: PLR0917  # as old code is
    day: date, amount: Decimal, to: Address, kind: Literal["a", "b"] = "a", tags: list[str] | None = None, raw: Any = 1
) -> dict[str, Any]:
    """Say what it was given."""
    return {"day": day, "amount": amount, "street": to.street, "kind": kind, "tags": tags, "raw": raw}


@shared_task
def by_place(first: int, /, second: int = 20, *rest: int, only: str = "o", **more: Any) -> list[Any]:
    """Take arguments in every way that there is."""
    return [first, second, list(rest), only, more]


@shared_task
def bare(json, copy=None, *, model_x=3):  # type: ignore[no-untyped-def]  # as old code is
    """Say nothing of types, and bear names that pydantic keeps for itself."""
    return [json, copy, model_x]


@shared_task(name="billing.tasks.send_invoice")
def send_invoice(customer: int, copy_to: str = "") -> dict[str, int]:
    """Stand in for the example of the documentation."""
    return {"number": customer}


@shared_task
def takes_nothing() -> None:
    """Take nothing, give nothing."""


@shared_task
def strange(what: Strange) -> None:
    """Want what no JSON can say."""


@shared_task
def returns_strange() -> Any:
    """Give what no JSON can say."""
    return Strange()


@shared_task
def returns_dates() -> dict[str, Any]:
    """Give what Celery's JSON knows."""
    return {"at": datetime(2026, 1, 2, tzinfo=UTC), "amount": Decimal("1.50")}


@shared_task(ignore_result=True)
def says_nothing() -> Any:
    """Give what nobody wants to know."""
    return Strange()


@shared_task(bind=True)
def about_itself(self: Bound, x: int = 0) -> dict[str, Any]:
    """Look at its request."""
    request = self.request
    return {"id": request.id, "retries": request.retries, "args": request.args, "kwargs": request.kwargs, "x": x}


@shared_task(bind=True, max_retries=4)
def asks_again(self: Bound, seconds: int = 7, times: int = 1) -> str:
    """Ask to be run again a few times."""
    if self.request.retries < times:
        raise self.retry(countdown=seconds, exc=ConnectionError("busy"))
    return "done"


@shared_task(bind=True)
def asks_for_an_instant(self: Bound) -> None:
    """Ask to be run again at an instant."""
    raise self.retry(eta=datetime.now(UTC) + timedelta(seconds=90))


@shared_task(bind=True)
def asks_and_goes_on(self: Bound) -> str:
    """Ask to be run again, and end well."""
    self.retry(countdown=5, throw=False)
    return "done"


@shared_task(bind=True)
def asks_with_others(self: Bound, x: int = 0) -> None:
    """Ask to be run again with another argument."""
    raise self.retry(kwargs={"x": x + 1})


@shared_task(autoretry_for=(ConnectionError,), retry_backoff=3, retry_jitter=False, retry_kwargs={"max_retries": 6})
def fails_for_now() -> None:
    """Fail in a way that is tried again by itself."""
    raise ConnectionError("away")


@shared_task
def fails(message: str = "no") -> None:
    """Fail."""
    raise ValueError(message)


@shared_task
def ignores() -> None:
    """Have nothing to do."""
    raise Ignore("nothing to do")


@shared_task
def rejects(requeue: bool = False) -> None:
    """Turn the message down."""
    raise Reject("not now", requeue=requeue)


@shared_task(bind=True)
def logs(self: Bound) -> None:
    """Speak in every way."""
    task_log.info("by the task logger")
    plain_log.warning("by %s logger", "any")
    plain_log.debug("too quiet")
    try:
        raise KeyError("k")
    except KeyError:
        task_log.exception("with a traceback")
    self.update_state(state="PROGRESS", meta={"current": 3, "total": 4, "status": "three"})
    self.update_state(state="THINKING")


class Callbacks(Bound):
    """A base class that code bases have: it hears how its tasks end."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        called.append(("call", self.request.id))
        return self.run(*args, **kwargs)

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        called.append(("success", retval))

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        called.append(("failure", str(exc), "ValueError: bad" in einfo.traceback))
        raise RuntimeError("in the callback")


@shared_task(base=Callbacks)
def has_callbacks(is_good: bool) -> str:
    """End well or not."""
    if not is_good:
        raise ValueError("bad")
    return "good"


@shared_task(acks_late=True)
def may_run_again() -> str:
    """Bear being run again after a crash."""
    called.append(("may_run_again",))
    return "once"
