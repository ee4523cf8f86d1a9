"""What stands open: settings with which a start is refused, because strangers could come in by them."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from scheduler_project import redis_url
from scheduler_project.env import Env, SettingFault

_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test")


def cors_origins(env: Env) -> list[str]:
    """Read CORS_ORIGINS: exact origins, or `*` alone."""
    origins = env.members(
        "CORS_ORIGINS",
        [],
        help="Origins whose pages may call the API with a token, such as `https://app.example.com`; `*` for all.",
    )
    for origin in origins:
        if origin != "*" and not _is_origin(origin):
            raise SettingFault("CORS_ORIGINS", f"{origin!r} is not an origin, such as https://app.example.com")
    if "*" in origins and len(origins) > 1:
        raise SettingFault("CORS_ORIGINS", "* stands alone, or not at all")
    return origins


def api_docs(env: Env) -> bool:
    """Read API_DOCS_PUBLIC."""
    return env.switch("API_DOCS_PUBLIC", False, help="Whether strangers may read the API's documentation and schema.")


def refuse_open(  # noqa: PLR0913  # all but the first are keywords
    env: Env, *, redis: str, base_url: str, hosts: Iterable[str], debug: bool, is_development: bool
) -> None:
    """Stop the start where DEBUG meets strangers, or anybody could write to the broker."""
    is_trusted = env.switch(
        "REDIS_TRUSTED_NETWORK",
        False,
        help="Whether a Redis on another host may do without a password, because nobody else reaches it.",
    )
    public = [host for host in (str(urlsplit(base_url).hostname), *hosts) if is_public(host)]
    if debug and public:
        raise SettingFault("DEBUG", f"must be 0 where strangers come: {public[0]!r} is in BASE_URL or ALLOWED_HOSTS")
    if not (is_development or is_trusted) and (host := _open_redis(redis)):
        raise SettingFault(
            "REDIS_URL",
            f"has no password for {host}, and whoever reaches it could start any task; "
            "give one, or set REDIS_TRUSTED_NETWORK=1",
        )


def plain_http(base_url: str) -> str:
    """Say what is wrong with passwords that travel in the open; empty when all is well."""
    parts = urlsplit(base_url)
    if parts.scheme == "https" or not is_public(str(parts.hostname)):
        return ""
    return f"BASE_URL: {base_url} is plain http: passwords and sessions travel in the open; use https://"


def is_public(host: str) -> bool:
    """Say whether a host name, or a pattern of ALLOWED_HOSTS, may be reached by strangers."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return not ipaddress.ip_address(name).is_private
    except ValueError:
        pass
    is_local = "." not in name.strip(".") and name != "*"
    return not (is_local or f".{name.lstrip('.')}".endswith(_LOCAL_ENDINGS))


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"


def _open_redis(url: str) -> str:
    """Give the first host of the broker that takes anybody; empty when there is none."""
    target = redis_url.parse(url)
    if target.password or target.scheme == "unix":
        return ""
    if target.has_client_certificate:
        return ""  # the certificate is the password
    hosts = [host for host, _ in target.sentinels] or [str(urlsplit(url).hostname)]
    return next((host for host in hosts if not _is_loopback(host)), "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
