"""Settings with a meaning beyond their type: each function gives the usable form or stops the start."""

import ipaddress
import os
import re
import zoneinfo
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from scheduler_project import redis_url
from scheduler_project.env import UNREADABLE, Env, SettingFault

# sun_path holds 108 bytes on Linux, 104 on macOS; the rest is for the temporary names of whoever binds.
SOCKET_PATH_BYTES = 100
MAIL_ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
HOST_NAME = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]")
TOKEN_LENGTH = 16
MAIL_SCHEMES = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    user: str
    password: str
    use_tls: bool
    use_ssl: bool


def base_url(text: str) -> str:
    """Check BASE_URL: scheme and host, no path."""
    parts = _split("BASE_URL", text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingFault("BASE_URL", f"must look like https://tasks.example.com, not {text!r}")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise SettingFault("BASE_URL", f"must be scheme and host only, not {text!r}")
    return f"{parts.scheme}://{parts.netloc}"


def hosts(members: list[str]) -> list[str]:
    """Check ALLOWED_HOSTS: names without scheme and port, of which there must be one at least."""
    for member in members:
        if not HOST_NAME.fullmatch(member):
            raise SettingFault("ALLOWED_HOSTS", f"{member!r} is not a host name, such as tasks.example.com")
    if not members:
        raise SettingFault("ALLOWED_HOSTS", "must have one name at least")
    return members


def metrics_token(env: Env) -> str:
    """Read METRICS_TOKEN: long enough that nobody guesses it, and one word, as it is a bearer token."""
    token = env.text("METRICS_TOKEN", "", help="What Prometheus sends to read `/metrics`, which is closed without it.")
    if token and (len(token) < TOKEN_LENGTH or not token.isascii() or not token.isprintable() or " " in token):
        raise SettingFault("METRICS_TOKEN", f"must be one word of {TOKEN_LENGTH} ASCII characters or more")
    return token


def directory(name: str, path: Path) -> Path:
    """Make the directory where it is missing, private to this user."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise SettingFault(name, f"cannot be used: {path}: {fault.strerror}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingFault(name, f"cannot be written: {path}")
    return path


def sender(text: str) -> str:
    """Check EMAIL_FROM: one address, with or without a name."""
    _, address = parseaddr(text)
    if not MAIL_ADDRESS.fullmatch(address) or not text.isprintable():
        raise SettingFault("EMAIL_FROM", f"must look like Carillon <carillon@example.com>, not {text!r}")
    return text


def own_domains(sender_text: str, url: str) -> list[str]:
    """Give the domains that are our own when nobody says: those of the sender and of the pages."""
    return list(dict.fromkeys([parseaddr(sender_text)[1].rpartition("@")[2].lower(), str(urlsplit(url).hostname)]))


def networks(name: str, members: list[str]) -> list[str]:
    """Check a list of addresses and networks."""
    for member in members:
        try:
            ipaddress.ip_network(member, strict=False)
        except ValueError:
            raise SettingFault(name, f"{member!r} is neither an address nor a network") from None
    return members


def names(name: str, members: list[str]) -> list[str]:
    """Check a list of names, of which there must be one at least."""
    for member in members:
        if not NAME.fullmatch(member):
            raise SettingFault(name, f"{member!r} is not a name: letters, digits, '_', '.' and '-'")
    if not members:
        raise SettingFault(name, "must have one name at least")
    return members


def time_zone(text: str) -> str:
    """Check the name of a time zone."""
    if text not in zoneinfo.available_timezones():
        raise SettingFault("TIME_ZONE", f"{text!r} is not a time zone, such as Europe/Berlin")
    return text


def redis(url: str, *, is_given: bool) -> str:
    """Check REDIS_URL, and that its socket can be bound."""
    try:
        target = redis_url.parse(url)
    except redis_url.RedisUrlError as fault:
        raise SettingFault("REDIS_URL", str(fault)) from None
    length = len(os.fsencode(target.path))
    if length > SOCKET_PATH_BYTES:
        words = f"is too long for a unix socket: {target.path} has {length} bytes of {SOCKET_PATH_BYTES}"
        if is_given:
            raise SettingFault("REDIS_URL", words)
        raise SettingFault("VAR_DIR", f"{words}; set VAR_DIR to a shorter directory")
    return url


def email(url: str) -> MailServer:
    """Read EMAIL_URL."""
    parts = _split("EMAIL_URL", url)
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname:
        raise SettingFault("EMAIL_URL", "must be smtp://host:port, smtp+tls://host:port or smtp+ssl://host:port")
    return MailServer(
        parts.hostname,
        parts.port or MAIL_SCHEMES[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtp+ssl",
    )


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise SettingFault(name, UNREADABLE) from None
    return parts
