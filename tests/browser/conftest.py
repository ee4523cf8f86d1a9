"""One platform for all tests of this folder, and a browser for each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scheduler_project.settings import BASE_DIR
from tests.live.launched import launched, short_directory

WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)  # five seconds are too few for a slow machine
# The names of Debian and of others; nothing is ever downloaded.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
# A page whose headers a test has changed counts as coming from outside, and could not reach this machine.
QUIET.append("--disable-features=LocalNetworkAccessChecks")


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


@pytest.fixture
def context(browser: Browser, platform: Platform) -> Iterator[BrowserContext]:
    """A fresh browser profile, signed in."""
    profile = browser.new_context(base_url=platform.address, locale="en-GB", timezone_id="Europe/Berlin")
    profile.set_default_timeout(WAIT_MS)
    sign_in(profile.new_page(), platform)
    yield profile
    profile.close()


@pytest.fixture
def page(context: BrowserContext, faults: list[str]) -> Iterator[Page]:
    """A tab of somebody who has signed in."""
    tab = context.pages[0]
    tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    assert faults == []


@pytest.fixture
def plain(browser: Browser, platform: Platform) -> Iterator[Page]:
    """A tab without JavaScript, of somebody who has signed in."""
    profile = browser.new_context(base_url=platform.address, java_script_enabled=False, timezone_id="Europe/Berlin")
    profile.set_default_timeout(WAIT_MS)
    tab = profile.new_page()
    sign_in(tab, platform)
    yield tab
    profile.close()


def sign_in(page: Page, platform: Platform) -> None:
    """Go through the sign-in page."""
    page.goto("/sign-in/")
    page.fill("[name=username]", platform.user)
    page.fill("[name=password]", platform.password)
    page.click("button.primary")
    page.wait_for_url("**/")
