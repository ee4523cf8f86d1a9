"""One platform for all tests of this folder, and a browser for each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

from scheduler_project.settings import BASE_DIR
from tests.live.launched import launched, short_directory

WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)  # five seconds are too few for a slow machine
# The names of Debian and of others; nothing is ever downloaded.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
# A page whose headers a test has changed counts as coming from outside, and could not reach this machine.
QUIET.append("--disable-features=LocalNetworkAccessChecks")


HERE = Path(__file__).parent
OpenTab = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests of a file to one process, as they meet on one platform; those that only look are shared out."""
    for item in items:
        if item.path.parent == HERE and item.path.name != "test_every_page.py":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@dataclass(frozen=True)
class Platform:
    """A running platform with the misbehaving task types, and its first user."""

    address: str
    directory: Path
    user: str
    password: str


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Start everything once."""
    with (
        short_directory() as directory,
        launched(directory, DJANGO_SETTINGS_MODULE="tests.live.settings") as running,
    ):
        ready = running.ready()
        yield Platform(ready["address"], directory, ready["user"], ready["password"])


@pytest.fixture(scope="session")
def lived_in() -> Iterator[Platform]:
    """A platform with a week behind it, and no worker that would meddle with what seems to run."""
    with short_directory() as directory, launched(directory, UPKEEP_SECONDS="300") as running:
        ready = running.ready()
        settings = {"VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "scheduler_project.settings"}
        subprocess.run(
            [sys.executable, "-m", "tests.browser.demo"], check=True, cwd=BASE_DIR, env={**os.environ, **settings}
        )
        yield Platform(ready["address"], directory, ready["user"], ready["password"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def faults() -> list[str]:
    """What the browser's console complains of; a test that uses `page` fails when there is anything."""
    return []


@pytest.fixture(scope="session")
def sessions() -> dict[str, StorageState]:
    """What browsers keep in which somebody has signed in, by the platform's address."""
    return {}


@pytest.fixture
def open_tab(browser: Browser, platform: Platform, sessions: dict[str, StorageState]) -> Iterator[OpenTab]:
    """Open home in fresh browser profiles with such options, signed in.

    Through the sign-in page only where no earlier session holds any more: to check a password takes long.
    """
    with ExitStack() as stack:

        def opened(**options: Any) -> Page:
            kept = sessions.get(platform.address)
            profile = browser.new_context(
                base_url=platform.address, storage_state=kept, timezone_id="Europe/Berlin", **options
            )
            stack.callback(profile.close)
            profile.set_default_timeout(WAIT_MS)
            page = profile.new_page()
            page.goto("/")
            if "/sign-in/" in page.url:
                sign_in(page, platform)
                sessions[platform.address] = profile.storage_state()
            return page

        yield opened


@pytest.fixture
def context(open_tab: OpenTab) -> BrowserContext:
    """A fresh browser profile, signed in."""
    return open_tab(locale="en-GB").context


@pytest.fixture
def page(context: BrowserContext, faults: list[str]) -> Iterator[Page]:
    """A tab of somebody who has signed in."""
    tab = context.pages[0]
    tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    assert faults == []


@pytest.fixture
def plain(open_tab: OpenTab) -> Page:
    """A tab without JavaScript, of somebody who has signed in."""
    return open_tab(java_script_enabled=False)


def sign_in(page: Page, platform: Platform) -> None:
    """Go through the sign-in page."""
    page.goto("/sign-in/")
    page.fill("[name=username]", platform.user)
    page.fill("[name=password]", platform.password)
    page.click("button.primary")
    page.wait_for_url("**/")
