"""Says when the platform answers, and how to sign in; then waits, because a part that ends is started again."""

import time
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from django.conf import settings

from scheduler_project.waiting import exit_quietly_when_told, wait_until_told

PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.2


def main() -> int:
    """Print the ready line once, and stay."""
    exit_quietly_when_told()
    if not _answers(f"http://{_address()}:{settings.PORT}/readyz"):
        print(f"The web process has not become ready within {PATIENCE_SECONDS} s; its lines above say why.")
        return 1
    print(ready_line(), flush=True)
    return wait_until_told()


def ready_line() -> str:
    """Tell the address and, until somebody has signed in with it, the first user's one-time password."""
    line = f"{settings.SITE_NAME} is ready: {settings.BASE_URL}"
    try:
        user, password = (settings.VAR_DIR / "first-password").read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return line
    return f"{line}  user: {user}  one-time password: {password}"


def _address() -> str:
    """Where this machine reaches the web process."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.BIND, settings.BIND)  # noqa: S104  # compared with, not bound to


def _answers(url: str) -> bool:
    opener = build_opener(ProxyHandler({}))
    # Asked by its own name, the host is among those that are answered, whatever the address.
    request = Request(url, headers={"Host": f"localhost:{settings.PORT}"})  # noqa: S310  # an http address of our own
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with opener.open(request, timeout=5):
                return True
        except (URLError, OSError):
            time.sleep(PAUSE_SECONDS)
    return False
