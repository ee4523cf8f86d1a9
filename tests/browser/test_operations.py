"""Queues and workers as operators see them; and that a real worker does what its page asks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scheduler_project.settings import BASE_DIR
from tests.browser.conftest import WAIT_MS, OpenTab, Platform

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
def test_pictures(open_tab: OpenTab, busy: Platform, theme: str, width: str) -> None:
    directory = Path(os.environ.get("SCREENSHOTS") or busy.directory / "pictures")
    directory.mkdir(parents=True, exist_ok=True)
    across, down = WIDTHS[width]
    page = open_tab(
        viewport={"width": across, "height": down}, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
    )
    for name, address in PAGES.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok
        assert page.evaluate("document.documentElement.scrollWidth") <= across, name
        page.screenshot(path=directory / f"{name}{width}-{theme}.png", full_page=True)


@pytest.mark.parametrize(("address", "region"), [("/queues/", "#queue-table"), ("/workers/", "#worker-table")])
def test_a_table_follows_under_a_resting_mouse_and_waits_where_something_may_be_pressed(
    page: Page, busy: Platform, address: str, region: str
) -> None:
    page.goto(address)
    table = page.locator(region)
    button = table.get_by_role("link", name="Edit" if address == "/queues/" else "Stop").last
    hint = table.locator(".stands-still")
    for _ in range(2):
        table.locator("th, dt").first.hover()
        table.evaluate("region => { region.dataset.old = '' }")
        expect(page.locator(f"{region}[data-old]")).to_have_count(0, timeout=WAIT_MS)
        expect(hint).to_be_hidden()
        table.evaluate("region => { region.dataset.old = '' }")
        button.hover()
        where = button.bounding_box()
        expect(page.locator(f"{region}[data-old][data-stale]")).to_have_count(1, timeout=WAIT_MS)
        expect(hint).to_be_visible()
        assert button.bounding_box() == where


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
