"""Task types for tests: each does one thing that a real handler might do, well or badly.

`ledger` is a file outside the database under test: a line per start and per end, appended and synced at once.
"""

import contextlib
import ctypes
import logging
import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, SecretStr
from time_machine import escape_hatch

from tasks_app.handlers import Permanent, RetryLater, RetryPolicy, RunContext, Skip, handler
from tasks_app.handlers.celery import offer_task
from tasks_app.handlers.masking import Masked
from tasks_app.models import Credential
from tasks_app.services.credentials import headers_for

_QUICK = RetryPolicy(max_retries=3, delays=(0.1, 0.1, 0.1))

offer_task("tests.probes.tasks.flaky", title="A flaky invoice")


class Probe(BaseModel):
    """What most probes take: where to write, how long to last."""

    ledger: str = ""
    seconds: float = 0.0
    message: str = ""
    mark: str = ""  # tells one request of a workload from another
    sink: str = ""  # the address of a service outside


def note(payload: Probe, word: str, ctx: RunContext) -> None:
    """Append one line to the ledger, durably."""
    if not payload.ledger:
        return
    # The machine's time, whatever a test has told the process to take it for.
    at = escape_hatch.time.time() if escape_hatch.is_travelling() else time.time()
    line = f"{word} {ctx.run_id} {ctx.attempt} {os.getpid()} {at:.6f}\n".encode()
    descriptor = os.open(payload.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@handler("probe.echo", payload=Probe, retry=_QUICK)
def echo(ctx: RunContext, payload: Probe) -> dict[str, Any]:
    """Say what it was given, after a while."""
    note(payload, "start", ctx)
    ctx.log(f"echo {payload.message}")
    time.sleep(payload.seconds)
    return {"message": payload.message, "scheduled_for": str(ctx.scheduled_for), "attempt": ctx.attempt}


@handler("probe.short", payload=Probe, retry=_QUICK, short=True)
def short(ctx: RunContext, payload: Probe) -> str:
    """Be short, unless told to last, to fail, to die, always or the first time, or to take the whole worker along."""
    note(payload, "start", ctx)
    is_first = Path(payload.ledger).read_text(encoding="utf-8").count(f"start {ctx.run_id} ") == 1
    match payload.message:
        case "fail":
            raise ValueError("as asked")
        case "take the worker along" if is_first:
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once" if is_first:
            os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(payload.seconds)
    note(payload, "end", ctx)
    return payload.message


@handler("probe.sleep", payload=Probe, retry=_QUICK)
def sleep(ctx: RunContext, payload: Probe) -> str:
    """Work in small steps, with progress, and stop when asked."""
    note(payload, "start", ctx)
    until = time.monotonic() + payload.seconds
    while (left := until - time.monotonic()) > 0:
        ctx.progress(payload.seconds - left, payload.seconds, "sleeping")
        ctx.check_stop()
        time.sleep(min(0.05, left))
    note(payload, "end", ctx)
    return "slept"


@handler("probe.asks", payload=Probe, retry=_QUICK)
def asks(ctx: RunContext, payload: Probe) -> str:
    """Work until asked to stop, and then come to a good end."""
    note(payload, "start", ctx)
    until = time.monotonic() + payload.seconds
    while time.monotonic() < until:
        if ctx.should_stop():
            note(payload, "asked", ctx)
            return "asked"
        time.sleep(0.05)
    note(payload, "end", ctx)
    return "never asked"


@handler("probe.deaf", payload=Probe, retry=_QUICK)
def deaf(ctx: RunContext, payload: Probe) -> str:
    """Work without ever asking whether to stop; it can still be interrupted."""
    note(payload, "start", ctx)
    time.sleep(payload.seconds)
    note(payload, "end", ctx)
    return "slept"


@handler("probe.stubborn", payload=Probe, retry=_QUICK)
def stubborn(ctx: RunContext, payload: Probe) -> str:
    """Swallow every wish to stop."""
    note(payload, "start", ctx)
    until = time.monotonic() + payload.seconds
    while time.monotonic() < until:
        with contextlib.suppress(BaseException):
            time.sleep(0.1)
    note(payload, "end", ctx)
    return "survived"


@handler("probe.limited", payload=Probe, retry=RetryPolicy(max_retries=0), soft_timeout=1, timeout=3)
def limited(ctx: RunContext, payload: Probe) -> str:
    """Have limits by its type; when told that the softer one has passed, end, or go on as if nothing were."""
    note(payload, "start", ctx)
    until = time.monotonic() + payload.seconds
    while time.monotonic() < until:
        try:
            time.sleep(0.05)
        except BaseException:
            note(payload, "told", ctx)
            if payload.message != "goes on":
                raise
    note(payload, "end", ctx)
    return "within its limits"


@handler("probe.gil", payload=Probe, retry=_QUICK)
def gil(ctx: RunContext, payload: Probe) -> str:
    """Hold the interpreter in C code: no thread of this process runs meanwhile."""
    note(payload, "start", ctx)
    ctypes.PyDLL(None).usleep(int(payload.seconds * 1_000_000))
    note(payload, "end", ctx)
    return "held"


@handler("probe.fail", payload=Probe, retry=_QUICK)
def fail(ctx: RunContext, payload: Probe) -> None:
    """Fail on every attempt."""
    note(payload, "start", ctx)
    raise ValueError(payload.message or "as asked")


@handler("probe.fail_once", payload=Probe, retry=_QUICK)
def fail_once(ctx: RunContext, payload: Probe) -> str:
    """Fail on the first attempt only."""
    note(payload, "start", ctx)
    if ctx.attempt == 1:
        raise ValueError("the first attempt")
    return "second"


@handler("probe.permanent", payload=Probe, retry=_QUICK)
def permanent(ctx: RunContext, payload: Probe) -> None:
    """Fail for good, after a while."""
    time.sleep(payload.seconds)
    raise Permanent("no use")


@handler("probe.later", payload=Probe, retry=_QUICK)
def later(ctx: RunContext, payload: Probe) -> str:
    """Ask to be run again a little later, once."""
    if ctx.attempt == 1:
        raise RetryLater(payload.seconds, "busy")
    return "later"


@handler("probe.skip", payload=Probe, retry=_QUICK)
def skip(ctx: RunContext, payload: Probe) -> None:
    """Find nothing to do."""
    raise Skip("nothing to do")


@handler("probe.chatty", payload=Probe, retry=_QUICK)
def chatty(ctx: RunContext, payload: Probe) -> int:
    """Log a thousand lines a second for a while, and as many as `message` says in all."""
    count = int(payload.message or 1000)
    for number in range(count):
        ctx.log(f"line {number}", "warning" if number % 10 == 0 else "info")
        if payload.seconds:
            time.sleep(payload.seconds / count)
    return count


@handler("probe.effect", payload=Probe, retry=_QUICK)
def effect(ctx: RunContext, payload: Probe) -> str:
    """Have a side effect in the ledger, then fail on the first attempt."""
    with ctx.effect("ledger") as once:
        if not once.done:
            note(payload, f"effect:{once.id}", ctx)
    if ctx.attempt == 1:
        raise ValueError("after the effect")
    return once.id


@handler("probe.once", payload=Probe, retry=_QUICK)
def once(ctx: RunContext, payload: Probe) -> str:
    """Have one side effect in the ledger, with some work before and after it."""
    note(payload, "start", ctx)
    time.sleep(payload.seconds / 2)
    with ctx.effect("ledger") as effect:
        if not effect.done:
            note(payload, f"effect:{effect.id}", ctx)
    time.sleep(payload.seconds / 2)
    note(payload, "end", ctx)
    return effect.id


@handler("probe.idem", payload=Probe, retry=_QUICK)
def idem(ctx: RunContext, payload: Probe) -> str:
    """Call a service outside that drops what it has seen, with the key of the effect."""
    note(payload, "start", ctx)
    time.sleep(payload.seconds / 2)
    with ctx.effect("sink", idempotent=True) as effect:
        if not effect.done:
            httpx.post(payload.sink, headers={"Idempotency-Key": effect.id, "X-Run": ctx.run_id}, trust_env=False)
            note(payload, f"effect:{effect.id}", ctx)
    time.sleep(payload.seconds / 2)
    note(payload, "end", ctx)
    return effect.id


@handler("probe.greedy", payload=Probe, retry=_QUICK)
def greedy(ctx: RunContext, payload: Probe) -> None:
    """Take memory until the kernel ends the process, as it does where the memory of a container is used up."""
    note(payload, "start", ctx)
    pages = [bytes(1_000_000) for _ in range(50)]
    os.kill(os.getpid(), signal.SIGKILL if pages else signal.SIGTERM)


@handler("probe.hungry", payload=Probe, retry=RetryPolicy(max_retries=1, delays=(0.1,)))
def hungry(ctx: RunContext, payload: Probe) -> int:
    """Take memory as long as the process is given any, up to a few gigabytes."""
    note(payload, "start", ctx)
    return len([bytes(10_000_000) for _ in range(300)])


@handler("probe.die_in_effect", payload=Probe, retry=_QUICK)
def die_in_effect(ctx: RunContext, payload: Probe) -> str:
    """Die between a side effect and its confirmation, on the first attempt; `message` says whether it is idempotent."""
    with ctx.effect("ledger", idempotent=payload.message == "idempotent") as once:
        if not once.done:
            note(payload, f"effect:{once.id}", ctx)
            if ctx.attempt == 1:
                os.kill(os.getpid(), 9)
    return once.id


@handler("probe.die", payload=Probe, retry=_QUICK)
def die(ctx: RunContext, payload: Probe) -> None:
    """Take its process along, as the kernel's out-of-memory killer would."""
    note(payload, "start", ctx)
    os.kill(os.getpid(), 9)


@handler("probe.state", payload=Probe, retry=_QUICK)
def state(ctx: RunContext, payload: Probe) -> dict[str, Any]:
    """Leave a mess behind, and say what it found."""
    from django.db import connection, transaction  # noqa: PLC0415
    from django.utils import timezone, translation  # noqa: PLC0415

    found = {
        "language": translation.get_language(),
        "zone": timezone.get_current_timezone_name(),
        "in_transaction": connection.in_atomic_block,
        "pid": os.getpid(),
        "cwd": str(Path.cwd()),
    }
    translation.activate("de")
    timezone.activate("Asia/Tokyo")
    transaction.atomic().__enter__()
    return found


class Leak(BaseModel):
    """A secret that is marked as one, and a credential's name."""

    password: Annotated[str, Masked()] = ""
    headers: Annotated[dict[str, str], Masked(by_name=True)] = {}
    credential: str = ""
    url: str = ""


class Member(BaseModel):
    """A row in a row of a row."""

    address: str
    days: list[str] = []


class Team(BaseModel):
    """A row in a row."""

    label: str
    members: list[Member] = []


class Rule(BaseModel):
    """A row with a secret, and rows of its own."""

    name: str
    token: SecretStr | None = None
    recipients: list[str] = []
    teams: list[Team] = []


class Rules(BaseModel):
    """Lists in lists of objects."""

    rules: list[Rule] = []


@handler("probe.rules", payload=Rules)
def rules(ctx: RunContext, payload: Rules) -> dict[str, Any]:
    """Say how many rules there are."""
    return {"rules": len(payload.rules)}


@handler("probe.leak", payload=Leak, retry=RetryPolicy(max_retries=1, delays=(0.1,)))
def leak(ctx: RunContext, payload: Leak) -> None:
    """Say everything that it was given, in every way that a handler has, and fail with it."""
    from django.conf import settings  # noqa: PLC0415  # as a handler's own code would

    told = f"{payload.password} {payload.headers} {settings.SECRET_KEY} {settings.FIELD_KEYS} {settings.REDIS_URL}"
    if payload.credential:
        credential = Credential.objects.get(owner_id=ctx.owner_id, name=payload.credential)
        told += f" {headers_for(credential, payload.url)}"
    ctx.log(told, "error")
    ctx.progress(1, 2, told[:250])
    logging.getLogger("tasks_app.probe").error("leaking %s", told)
    with ctx.effect("leak") as handle:
        handle.confirm({"told": told})
    raise RuntimeError(told) from ValueError(told)
