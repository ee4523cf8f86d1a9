"""STORAGE_URL: a directory, or a bucket of an S3-compatible server, as the settings of Django's storage.

A fault never repeats the text of an s3:// address, because that holds the secret.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from scheduler_project import checked
from scheduler_project.env import SettingFault

NAME = "STORAGE_URL"
DIRECTORY_BACKEND = "django.core.files.storage.FileSystemStorage"
BUCKET_BACKEND = "scheduler_project.object_storage.ObjectStorage"
FORMS = "s3://KEY:SECRET@host:port/bucket/prefix, or s3://bucket/prefix where the machine has its own credentials"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|[0-9a-f:.]+")
_REGION = re.compile(r"[a-z0-9-]{1,50}")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()=+@-]+(/[A-Za-z0-9!_.*'()=+@-]+)*")
_SECRET = re.compile(r"[\x21-\x7e]{1,200}")


def storage(url: str) -> dict[str, Any]:
    """Give the storage that STORAGE_URL names, as an entry of STORAGES."""
    if url.startswith("s3://"):
        return _bucket(url)
    try:
        parts = urlsplit(url)
    except ValueError as fault:
        raise SettingFault(NAME, f"cannot be read: {fault}") from None
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
        said = f"not {parts.scheme}://" if "@" in url else f"not {url!r}"
        raise SettingFault(NAME, f"must be file:///an/absolute/path or {FORMS}; {said}")
    options = {"location": Path(unquote(parts.path)), "file_permissions_mode": 0o600}
    return {"BACKEND": DIRECTORY_BACKEND, "OPTIONS": options}


def check(entry: dict[str, Any]) -> None:
    """Make the directory where it is missing, and stop the start when nothing can be written there.

    A server that is away is no reason not to start: `doctor` asks it.
    """
    if entry["BACKEND"] == DIRECTORY_BACKEND:
        checked.directory(NAME, Path(entry["OPTIONS"]["location"]))


def _bucket(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        _ = parts.port
        named = "@" in parts.netloc
    except ValueError:
        raise _fault("cannot be read; in KEY and SECRET write / as %2F, + as %2B, @ as %40 and : as %3A") from None
    if parts.fragment or not parts.hostname or ("@" in parts.path and not named):
        raise _fault("in KEY and SECRET write / as %2F, + as %2B, @ as %40 and : as %3A; # is not allowed")
    options = _server(parts) if named else _own_credentials(parts)
    options |= {"file_overwrite": True, "default_acl": None, "querystring_auth": False, "signature_version": "s3v4"}
    return {"BACKEND": BUCKET_BACKEND, "OPTIONS": options}


def _server(parts: SplitResult) -> dict[str, Any]:
    """A server by its host, with the credentials of the address."""
    key, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if not (_SECRET.fullmatch(key) and _SECRET.fullmatch(secret)):
        raise _fault("needs KEY:SECRET before the @")
    if not _HOST.fullmatch(parts.hostname or ""):
        raise _fault("has no host name after the @")
    bucket, _, prefix = parts.path.strip("/").partition("/")
    query = _query(parts, "region", "tls")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    scheme = "https" if query.get("tls", "1") == "1" else "http"
    return {
        "access_key": key,
        "secret_key": secret,
        # Given, so that what the machine's own environment says does not mix with these.
        "security_token": None,
        "session_profile": None,
        "endpoint_url": f"{scheme}://{host}" + (f":{parts.port}" if parts.port else ""),
        "use_ssl": scheme == "https",
        "addressing_style": "path",
        "bucket_name": _bucket_name(bucket),
        "location": _prefix(prefix),
        "region_name": query.get("region", "us-east-1"),
    }


def _own_credentials(parts: SplitResult) -> dict[str, Any]:
    """A bucket at AWS; who asks is said by AWS_… variables, a profile, or the machine's role."""
    if parts.port:
        raise _fault("needs KEY:SECRET@ before a host with a port")
    query = _query(parts, "region")
    return {
        "bucket_name": _bucket_name(parts.netloc),
        "location": _prefix(parts.path.strip("/")),
        "region_name": query.get("region"),
    }


def _query(parts: SplitResult, *known: str) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    found = dict(pairs)
    for name in found:
        if name not in known:
            raise _fault(f"takes ?{' and &'.join(known)}, not {name!r}")
    if len(found) < len(pairs):
        raise _fault("says one of its parameters twice")
    if not _REGION.fullmatch(found.get("region", "x")):
        raise _fault("has a region that is none, such as eu-central-1")
    if found.get("tls", "1") not in ("0", "1"):
        raise _fault("must say tls=1 or tls=0")
    return found


def _bucket_name(text: str) -> str:
    if not _BUCKET.fullmatch(text) or ".." in text:
        raise _fault("needs the bucket's name: 3 to 63 lower-case letters, digits, '.' and '-'")
    return text


def _prefix(text: str) -> str:
    prefix = unquote(text)
    if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise _fault("has a prefix that is no plain path")
    return prefix


def _fault(words: str) -> SettingFault:
    return SettingFault(NAME, f"{words}: {FORMS}")


def storages(url: str, *, is_development: bool) -> dict[str, Any]:
    """Give the STORAGES setting: people's files by the URL, static ones as they are served, compressed beforehand."""
    kind = "django.contrib.staticfiles.storage.StaticFilesStorage"
    if not is_development:
        kind = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    return {"default": storage(url), "staticfiles": {"BACKEND": kind}}
