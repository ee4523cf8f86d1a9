"""The ways in, in a real browser, with the app and without; pictures go where SCREENSHOTS says."""

import os
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tasks_app.services.second_factor import STEP_SECONDS, code_at
from tests.browser.accessible import faults_of
from tests.browser.conftest import WAIT_MS, Platform

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

PAGE = "/settings/second-factor/"
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}


def picture(tab: Page, name: str) -> None:
    """Look at a page wide and narrow, light and dark: nothing sticks out at the side, and axe finds nothing."""
    for suffix, (width, height) in WIDTHS.items():
        tab.set_viewport_size({"width": width, "height": height})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if not suffix:
                assert faults_of(tab) == [], (name, scheme)
            if "SCREENSHOTS" in os.environ:
                tab.screenshot(path=Path(os.environ["SCREENSHOTS"]) / f"{name}{suffix}-{scheme}.png", full_page=True)


def sign_in_with_code(browser: Browser, platform: Platform, code: str) -> None:
    """Sign in from a browser that nobody knows."""
    stranger = browser.new_context(base_url=platform.address).new_page()
    stranger.set_default_timeout(WAIT_MS)
    stranger.goto("/sign-in/?next=/runs/")
    picture(stranger, "sign-in")
    stranger.fill("[name=username]", platform.user)
    stranger.fill("[name=password]", platform.password)
    stranger.click("button.primary")
    stranger.wait_for_url("**/sign-in/code/")
    picture(stranger, "sign-in-code")
    stranger.fill("[name=code]", code)
    stranger.click("button.primary")
    stranger.wait_for_url("**/runs/")
    stranger.context.close()


def test_the_app_is_set_up_asked_for_and_turned_off(page: Page, browser: Browser, platform: Platform) -> None:
    page.goto(PAGE)
    picture(page, "factor-off")
    page.click("text=Set it up")
    secret = page.inner_text("code.secret").replace(" ", "")
    picture(page, "factor-set-up")
    page.fill("[name=code]", code_at(secret, int(time.time()) // STEP_SECONDS - 1))
    page.fill("[name=password]", platform.password)
    page.click("text=Turn it on")
    codes = page.inner_text("#codes").split()
    assert len(codes) == 10
    picture(page, "recovery-codes")
    sign_in_with_code(browser, platform, codes[0])
    page.goto(PAGE)
    picture(page, "factor-on")
    page.fill(f"form[action='{PAGE}off/'] [name=code]", codes[1])
    page.fill(f"form[action='{PAGE}off/'] [name=password]", platform.password)
    page.click("button.danger")
    page.wait_for_selector("text=Set it up")
    page.goto("/settings/sign-ins/")
    picture(page, "sign-ins")


def test_who_forgot_asks_for_a_link(browser: Browser, platform: Platform) -> None:
    tab = browser.new_context(base_url=platform.address).new_page()
    tab.set_default_timeout(WAIT_MS)
    tab.goto("/sign-in/")
    tab.click("text=Forgot your password?")
    picture(tab, "forgot")
    tab.fill("[name=email]", "nobody@example.org")
    tab.click("button.primary")
    tab.wait_for_url("**/sign-in/forgot/sent/")
    picture(tab, "forgot-sent")
    tab.goto("/sign-in/new-password/MQ/x-y/")
    picture(tab, "link-over")
    tab.context.close()
