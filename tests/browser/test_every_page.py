"""Every page of a lived-in platform, wide and narrow, light and dark.

On each of them holds what a program can tell about accessibility (axe-core, WCAG 2.2 A and AA); where SCREENSHOTS
names a directory, a picture of it goes there.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import places
from tests.browser.accessible import faults_of
from tests.browser.conftest import WAIT_MS, Platform, sign_in

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}
_SAY_LONG_WORDS = """() => {
    const word = "https://wiki.example.org/" + "Operations".repeat(12);
    const places = ".held span, td.long, a.chip, .lines > li > .grow p, .head .sentence";
    for (const one of document.querySelectorAll(places)) one.textContent = word;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(browser: Browser, lived_in: Platform, theme: str) -> None:
    profile = browser.new_context(
        base_url=lived_in.address,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    profile.set_default_timeout(WAIT_MS)
    page = profile.new_page()
    faults = _look(page, places.SIGNED_OUT, theme)
    sign_in(page, lived_in)
    found = places.every_place(page)
    shown = places.names_of([*places.SIGNED_OUT.values(), *found.values()])
    elsewhere = places.PARTS | places.FILES | places.ASKING | places.IN_TEST_SIGN_IN
    assert places.openable() - shown - elsewhere == set()
    faults |= _look(page, found, theme)
    profile.close()
    assert {name: found for name, found in faults.items() if found} == {}


def _look(page: Page, addresses: dict[str, str], theme: str) -> dict[str, list[str]]:
    """What is wrong with each page, wide and narrow."""
    faults = {}
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_load_state()
        for width, (across, down) in WIDTHS.items():
            page.set_viewport_size({"width": across, "height": down})
            faults[f"{name}{width}"] = faults_of(page)
            _keep(page, f"{name}{width}-{theme}.png")
        if theme == "light":
            faults[f"{name} with long words"] = _pushed_aside(page)
    return faults


def _pushed_aside(page: Page) -> list[str]:
    """At which widths a page must be pushed sideways to be read when people have written words without an end."""
    page.evaluate(_SAY_LONG_WORDS)
    found = []
    for across, down in WIDTHS.values():
        page.set_viewport_size({"width": across, "height": down})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{wide} px at {across}"] if wide > across else []
    return found


def _keep(page: Page, name: str) -> None:
    if wanted := os.environ.get("SCREENSHOTS"):
        path = Path(wanted) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)
