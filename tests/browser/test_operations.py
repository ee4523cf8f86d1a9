"""Queues and workers as operators see them; and that a real worker does what its page asks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler_project.settings import BASE_DIR
from tests.browser.conftest import WAIT_MS, Platform, sign_in

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}
PAGES = {"queues": "/queues/", "workers": "/workers/", "paused": "/settings/paused/"}


def act(platform: Platform, word: str) -> None:
    settings = {"VAR_DIR": str(platform.directory), "DJANGO_SETTINGS_MODULE": "tests.live.settings"}
    command = [sys.executable, "-m", "tests.browser.demo_operations", word]
    subprocess.run(command, check=True, cwd=BASE_DIR, env={**os.environ, **settings})


@pytest.fixture(scope="module")
def busy(platform: Platform) -> Iterator[Platform]:
    """A platform with something to see on each of the pages."""
    act(platform, "begin")
    yield platform
    act(platform, "end")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures(browser: Browser, busy: Platform, theme: str, width: str) -> None:
    directory = Path(os.environ.get("SCREENSHOTS") or busy.directory / "pictures")
    directory.mkdir(parents=True, exist_ok=True)
    across, down = WIDTHS[width]
    profile = browser.new_context(
        base_url=busy.address,
        viewport={"width": across, "height": down},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    profile.set_default_timeout(WAIT_MS)
    page = profile.new_page()
    sign_in(page, busy)
    for name, address in PAGES.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok
        assert page.evaluate("document.documentElement.scrollWidth") <= across, name
        page.screenshot(path=directory / f"{name}{width}-{theme}.png", full_page=True)
    profile.close()


def test_a_worker_does_what_its_page_asks(page: Page, platform: Platform) -> None:
    page.goto("/workers/")
    worker = page.locator(".workers > li").filter(has=page.locator(".state.is-active"))
    worker.get_by_role("button", name="quiet").click()
    expect(page.locator(".workers .state.is-paused")).to_have_text("quiet", timeout=WAIT_MS)
    page.goto("/queues/")
    expect(page.locator("#queue-table")).to_contain_text("very worker that serves it is quiet")
    page.goto("/workers/")
    page.get_by_role("button", name="take work again").click()
    expect(page.locator(".workers .state.is-active").first).to_have_text("alive", timeout=WAIT_MS)
