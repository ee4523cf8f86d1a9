"""The platform's keys: given by the operator, or made once and kept under var/ in development."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from scheduler_project.checked import directory as private_directory
from scheduler_project.env import Env, SettingFault

SECRET_LENGTH = 50
FIELD_KEY_BYTES = 32
# Of 50 random digits all ten are there, more of any other alphabet.
LEAST_DIFFERENT = 9
_PLACEHOLDERS = (
    "django-insecure",
    "change-me",
    "changeme",
    "replace-me",
    "placeholder",
    "your-secret",
    "secret-key-here",
)


def secret_key(env: Env, directory: Path, *, make: bool) -> str:
    """Read SECRET_KEY; with `make`, a missing one is made and kept."""
    value = env.text(
        "SECRET_KEY",
        "",
        shown="made and kept under var/ in development, required otherwise",
        help=f"Signs sessions and links; at least {SECRET_LENGTH} random characters.",
    )
    if not value and not make:
        raise SettingFault("SECRET_KEY", f"is required: at least {SECRET_LENGTH} random characters")
    value = value or kept(directory / "secret-key", lambda: secrets.token_urlsafe(SECRET_LENGTH))
    if len(value) < SECRET_LENGTH:
        raise SettingFault("SECRET_KEY", f"is too short: {len(value)} characters, at least {SECRET_LENGTH} are needed")
    if not make and (fault := _weakness(value)):
        raise SettingFault(
            "SECRET_KEY", f"{fault}; make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return value


def _weakness(key: str) -> str:
    """Say why a key is as good as known to strangers; empty for one that may be random."""
    plain = key.lower().replace("_", "-")
    if any(word in plain for word in _PLACEHOLDERS):
        return "is one that everybody knows, from an example"
    if len(set(key)) < LEAST_DIFFERENT:
        return f"is too simple: fewer than {LEAST_DIFFERENT} different characters"
    return ""


def field_keys(env: Env, directory: Path, *, make: bool) -> list[str]:
    """Read FIELD_KEYS, newest first; with `make`, a missing one is made and kept."""
    keys = env.members(
        "FIELD_KEYS",
        [],
        shown="made and kept under var/ in development, required otherwise",
        help="Encrypt stored secrets: 32 random bytes in URL-safe base64 each; the first encrypts, all decrypt.",
    )
    if not keys and not make:
        raise SettingFault("FIELD_KEYS", "is required: 32 random bytes in URL-safe base64")
    keys = keys or kept(directory / "field-keys", _new_field_key).split(",")
    for number, key in enumerate(keys, start=1):
        if not _is_field_key(key):
            raise SettingFault("FIELD_KEYS", f"key {number} is not 32 bytes in URL-safe base64")
    return keys


def derived(secret: str, purpose: str) -> str:
    """Give a key for one purpose, from which the secret cannot be learnt."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def kept(path: Path, make: Callable[[], str]) -> str:
    """Give the content of a private file, made on first use; of several processes at once one makes it, all read it."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        pass
    private_directory("VAR_DIR", path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(make())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _new_field_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(FIELD_KEY_BYTES)).decode()


def _is_field_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)) == FIELD_KEY_BYTES
    except (UnicodeEncodeError, binascii.Error):
        return False
