"""Opens redis-py clients for any REDIS_URL. Packages below reach these through settings.REDIS_CLIENT, by name."""

from typing import Any

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from django.conf import settings

from scheduler_project import redis_url


def connect(**options: Any) -> redis.Redis:
    """Give a client; options are redis-py's, such as `socket_timeout`. It connects at its first command."""
    target = redis_url.parse(settings.REDIS_URL)
    if not target.sentinels:
        return redis.Redis.from_url(target.url, **_for_scheme(target, options))
    kwargs = {**redis_url.client_options(target), **options}
    found = redis.sentinel.Sentinel(target.sentinels, **kwargs)  # type: ignore[no-untyped-call]  # redis-py's
    client: redis.Redis = found.master_for(target.master_name)  # type: ignore[no-untyped-call]  # redis-py's
    return client


def connect_async(**options: Any) -> redis.asyncio.Redis:
    """Give an asyncio client, as `connect` does."""
    target = redis_url.parse(settings.REDIS_URL)
    if not target.sentinels:
        return redis.asyncio.Redis.from_url(target.url, **_for_scheme(target, options))
    kwargs = {**redis_url.client_options(target), **options}
    found = redis.asyncio.sentinel.Sentinel(target.sentinels, **kwargs)  # type: ignore[no-untyped-call]  # redis-py's
    client: redis.asyncio.Redis = found.master_for(target.master_name, connection_pool_class=_SentinelPool)
    return client


class _SentinelPool(redis.asyncio.sentinel.SentinelConnectionPool):
    """Closes its connections to the sentinels with its own; redis-py leaves them to the garbage collector."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            await sentinel.aclose()


def _for_scheme(target: redis_url.Target, options: dict[str, Any]) -> dict[str, Any]:
    """A unix socket knows no keepalive."""
    if target.scheme == "unix":
        return {name: value for name, value in options.items() if name != "socket_keepalive"}
    return options
