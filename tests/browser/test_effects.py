"""Settling what nobody knows, in a browser without JavaScript; and what the pages look like meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scheduler_project.settings import BASE_DIR
from tests.browser.conftest import OpenTab, Platform

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}


@pytest.fixture
def unknown(platform: Platform) -> str:
    """The address of a run that waits for a word about its effect."""
    settings = {"VAR_DIR": str(platform.directory), "DJANGO_SETTINGS_MODULE": "tests.live.settings"}
    words = [sys.executable, "-m", "tests.browser.demo_effects"]
    made = subprocess.run(words, check=True, cwd=BASE_DIR, env={**os.environ, **settings}, capture_output=True)
    return f"/runs/{made.stdout.decode().strip()}/"


def test_without_javascript_one_settles_it_and_retries(plain: Page, unknown: str) -> None:
    plain.goto(unknown)
    expect(plain.locator(".effects li.is-open")).to_contain_text("charge:4713")
    plain.get_by_label("How you know").fill("seen on the statement")
    plain.get_by_role("button", name="It happened").click()
    expect(plain.locator(".effects")).to_contain_text("“seen on the statement”")
    expect(plain.locator(".effects li.is-open")).to_have_count(0)
    expect(plain.locator(".problem")).to_contain_text("a retry goes on from there")
    plain.get_by_role("button", name="Retry", exact=True).click()
    expect(plain.locator("h1")).to_contain_text("Charge the deposits")
    assert plain.url != unknown


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures(open_tab: OpenTab, platform: Platform, unknown: str, theme: str, width: str) -> None:
    across, down = WIDTHS[width]
    directory = Path(os.environ.get("SCREENSHOTS") or platform.directory / "pictures")
    page = open_tab(
        viewport={"width": across, "height": down}, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
    )
    page.goto(unknown)
    expect(page.locator(".effects li.is-open")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= across
    directory.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=directory / f"run-unknown{width}-{theme}.png", full_page=True)
    page.get_by_role("button", name="It did not happen").click()
    expect(page.locator(".effects .said")).to_contain_text("has said so")
    page.screenshot(path=directory / f"run-settled{width}-{theme}.png", full_page=True)
