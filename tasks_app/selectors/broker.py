"""Facts about Redis, which carries wake-ups and live frames and keeps nothing that matters."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from tasks_app.selectors.health import Finding

TIMEOUT_SECONDS = 0.5
KEEPS = "noeviction"
REFUSED_TODO = "Give Redis room (maxmemory), or see why it refuses. Nothing is lost meanwhile."
TODO = "Start Redis, or see why it cannot be reached. Nothing is lost: runs wait in the database until it is back."


def broker() -> Finding:
    """Say whether Redis answers, and takes what is written to it: a full one answers, and no wake-up gets in."""
    try:
        with _client() as client:
            client.set(f"{settings.REDIS_PREFIX}probe", b"", px=1000)
    except ResponseError as refusal:
        detail = f"Redis takes nothing: {str(refusal)[:200]}; runs wait in the database"
        return Finding("broker", False, detail, todo=REFUSED_TODO)
    except (RedisError, OSError) as fault:
        detail = f"Redis does not answer: {str(fault)[:200]}; runs wait in the database"
        return Finding("broker", False, detail, todo=TODO)
    return Finding("broker", True, "Redis answers")


def broker_policy() -> Finding:
    """Say whether Redis keeps what it has when it is full; a server that does not tell is believed."""
    try:
        with _client() as client:
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except ResponseError:
        return Finding("broker policy", True, "Redis does not tell its maxmemory-policy")
    except (RedisError, OSError) as fault:
        return Finding("broker policy", False, f"Redis does not answer: {str(fault)[:200]}")
    if policy != KEEPS:
        return Finding("broker policy", False, f"Redis' maxmemory-policy is {policy}; set it to {KEEPS}")
    return Finding("broker policy", True, KEEPS)


def _client() -> Any:
    connect = import_string(settings.REDIS_CLIENT)
    timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    return connect(retry=Retry(NoBackoff(), 0), **timeouts)
