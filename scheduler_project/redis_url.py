"""The one place that knows how REDIS_URL is written for each library that reads it.

`redis://`, `rediss://` and `unix://` are as redis-py has them. Several sentinels stand in one URL:
`sentinel://[:password@]host[:port][,host[:port]…]/database?master_name=name`. With `rediss+sentinel://` the sentinels
and the server that they name are reached over TLS, by the same words as for `rediss://`.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from redis.connection import parse_url

from scheduler_project.env import UNREADABLE

SENTINEL_SCHEMES = ("sentinel", "rediss+sentinel")
SCHEMES = ("redis", "rediss", "unix", *SENTINEL_SCHEMES)
SENTINEL_PORT = 26379
# A worker's blocking read renews itself every second.
SOCKET_OPTIONS: dict[str, Any] = {
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 15,
    # A wake-up that cannot be posted now is made good later; kombu would hold up its sender for six seconds.
    "max_retries": 0,
}
# Who publishes holds a lease, or somebody waits for a page: a server that does not answer must not hold them up.
PUBLISH_OPTIONS: dict[str, Any] = {"socket_timeout": 2, "socket_connect_timeout": 2}
# Sentinels are asked with short timeouts: one that is gone must not hold up the others.
SENTINEL_OPTIONS: dict[str, Any] = {"socket_timeout": 3, "socket_connect_timeout": 3}


TLS_DEFAULTS = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}


class RedisUrlError(ValueError):
    """The URL cannot be used; the message says why."""


@dataclass(frozen=True)
class Target:
    """A Redis server, or the sentinels that know it."""

    scheme: str
    url: str
    database: int = 0
    username: str | None = None
    password: str | None = None
    path: str = ""
    sentinels: tuple[tuple[str, int], ...] = ()
    master_name: str = ""
    tls: dict[str, Any] = field(default_factory=dict)
    """How sentinels and their server are spoken to; empty where that is without TLS."""

    @property
    def has_client_certificate(self) -> bool:
        """Say whether the other side learns by a certificate who calls."""
        return self.scheme in ("rediss", "rediss+sentinel") and "ssl_certfile" in parse_qs(urlsplit(self.url).query)


def parse(url: str) -> Target:
    """Read a URL; RedisUrlError says what is wrong with it."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise RedisUrlError(f"must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
        if parts.scheme in SENTINEL_SCHEMES:
            return _sentinel(url, parts)
        if parts.scheme == "unix":
            return _unix(url, parts)
        if not parts.hostname:
            raise RedisUrlError("names no host")
        _ = parts.port
    except RedisUrlError:
        raise
    except ValueError:
        raise RedisUrlError(UNREADABLE) from None
    username, password = _credentials(parts)
    if parts.scheme == "rediss":
        url = _checked_tls(url, parts)
    return Target(parts.scheme, url, _database(parts.path.strip("/")), username, password)


def broker(url: str) -> tuple[str, dict[str, Any]]:
    """Give Celery's broker URL and the transport options that belong to it."""
    target = parse(url)
    options = dict(SOCKET_OPTIONS)
    if target.scheme == "unix":
        credentials = _userinfo(target)
        return f"redis+socket://{credentials}{quote(target.path)}?virtual_host={target.database}", options
    if target.sentinels:
        hosts = [f"sentinel://{_userinfo(target)}{_host(*sentinel)}/{target.database}" for sentinel in target.sentinels]
        return ";".join(hosts), {
            **options,
            "master_name": target.master_name,
            "sentinel_kwargs": _to_sentinels(target),
        }
    return target.url, options


def broker_tls(url: str) -> dict[str, Any] | None:
    """Give what kombu has no word for in the URL of sentinels: how their server is reached over TLS."""
    return parse(url).tls or None


def client_options(target: Target) -> dict[str, Any]:
    """Give what redis-py's Sentinel needs beside the addresses of the sentinels."""
    return {
        "db": target.database,
        "username": target.username,
        "password": target.password,
        "sentinel_kwargs": _to_sentinels(target),
        **_with_tls(target),
    }


def _to_sentinels(target: Target) -> dict[str, Any]:
    return {**SENTINEL_OPTIONS, **_with_tls(target)}


def _with_tls(target: Target) -> dict[str, Any]:
    return {"ssl": True, **target.tls} if target.tls else {}


def _tls_words(query: str) -> dict[str, Any]:
    """Read `ssl_…=…` as redis-py does for rediss://, checking certificate and host name unless it says otherwise."""
    url = f"rediss://host?{query}"
    url = _checked_tls(url, urlsplit(url))
    try:
        known = parse_url(url)  # type: ignore[no-untyped-call]  # redis-py's
    except TypeError as fault:
        raise RedisUrlError(str(fault)) from None
    return {name: value for name, value in known.items() if name.startswith("ssl_")}


def _checked_tls(url: str, parts: SplitResult) -> str:
    """Say in the URL that certificate and host name are checked, unless it says otherwise.

    Without any such word kombu would speak plainly, and redis-py would take a certificate for another host.
    """
    given = parse_qs(parts.query)
    if given.get("ssl_cert_reqs", [""])[0].lower().removeprefix("cert_") == "none":
        return url  # without a certificate there is no name in it to check
    missing = [f"{name}={value}" for name, value in TLS_DEFAULTS.items() if name not in given]
    base, _, query = url.partition("#")[0].partition("?")
    return f"{base}?{'&'.join([*filter(None, [query]), *missing])}"


def _sentinel(url: str, parts: SplitResult) -> Target:
    names = parse_qs(parts.query).get("master_name", [])
    if len(names) != 1:
        raise RedisUrlError(f"a {parts.scheme}:// URL needs ?master_name=…")
    addresses = parts.netloc.rpartition("@")[2].split(",")
    sentinels = tuple(_address(address) for address in addresses)
    username, password = _credentials(urlsplit(f"//{parts.netloc.rpartition('@')[0]}@host"))
    database = _database(parts.path.strip("/"))
    tls = _tls_words(parts.query) if parts.scheme == "rediss+sentinel" else {}
    return Target(parts.scheme, url, database, username, password, sentinels=sentinels, master_name=names[0], tls=tls)


def _unix(url: str, parts: SplitResult) -> Target:
    if parts.hostname or not parts.path.startswith("/"):
        raise RedisUrlError("a unix:// URL needs an absolute path: unix:///run/redis.sock")
    username, password = _credentials(parts)
    database = _database(parse_qs(parts.query).get("db", [""])[0])
    return Target("unix", url, database, username, password, path=unquote(parts.path))


def _address(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise RedisUrlError("names no host")
    return parts.hostname, parts.port or SENTINEL_PORT


def _host(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    username = unquote(parts.username) if parts.username else None
    return username, unquote(parts.password) if parts.password else None


def _userinfo(target: Target) -> str:
    if target.password is None:
        return ""
    return f"{quote(target.username or '', safe='')}:{quote(target.password, safe='')}@"


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise RedisUrlError(f"the database must be a number; {UNREADABLE}")
    return int(text)
