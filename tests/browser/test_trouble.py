"""What is wrong with the platform, as its pages look; and that the notice comes and goes by itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler_project.settings import BASE_DIR
from tests.browser.conftest import WAIT_MS, Platform, sign_in
from tests.browser.demo_trouble import QUEUE, READER
from tests.browser.test_steady import SHOW

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]
NOTICE = "/platform/"
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}


def act(platform: Platform, word: str) -> None:
    settings = {"VAR_DIR": str(platform.directory), "DJANGO_SETTINGS_MODULE": "tests.live.settings"}
    command = [sys.executable, "-m", "tests.browser.demo_trouble", word]
    subprocess.run(command, check=True, cwd=BASE_DIR, env={**os.environ, **settings})


@pytest.fixture(scope="module")
def troubled(platform: Platform) -> Iterator[Platform]:
    """A platform with a queue that nobody serves."""
    act(platform, "begin")
    yield platform
    act(platform, "end")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures(browser: Browser, troubled: Platform, theme: str, width: str) -> None:
    directory = Path(os.environ.get("SCREENSHOTS") or troubled.directory / "pictures")
    directory.mkdir(parents=True, exist_ok=True)
    reader = Platform(troubled.address, troubled.directory, READER, f"{READER}-password")
    for name, who, words in (
        ("operator", troubled, "Start a worker that serves reports"),
        ("reader", reader, "Some runs are waiting"),
    ):
        across, down = WIDTHS[width]
        profile = browser.new_context(
            base_url=troubled.address,
            viewport={"width": across, "height": down},
            color_scheme="dark" if theme == "dark" else "light",
            locale="en-GB",
        )
        profile.set_default_timeout(WAIT_MS)
        page = profile.new_page()
        sign_in(page, who)
        expect(page.locator(".trouble")).to_contain_text(words, timeout=WAIT_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= across
        page.screenshot(path=directory / f"trouble-{name}{width}-{theme}.png")
        profile.close()


def test_the_notice_goes_by_itself(page: Page, platform: Platform, troubled: Platform) -> None:
    page.goto("/")
    expect(page.locator(".trouble")).to_contain_text(QUEUE, timeout=WAIT_MS)
    act(troubled, "end")
    expect(page.locator(".trouble")).to_have_count(0, timeout=60_000)


def test_a_hidden_tab_asks_for_no_notice_and_asks_once_when_it_is_seen_again(page: Page) -> None:
    page.clock.install()
    page.goto("/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if NOTICE in request.url else None)
    with page.expect_response(f"**{NOTICE}*"):
        page.clock.run_for(18_000)
    page.evaluate(SHOW, "hidden")
    asked.clear()
    page.clock.run_for(60_000)
    assert asked == []
    with page.expect_response(f"**{NOTICE}*"):
        page.evaluate(SHOW, "visible")
        page.clock.run_for(100)
    assert len(asked) == 1
