"""Every page of a lived-in platform, wide and narrow, light and dark.

On each of them holds what a program can tell about accessibility (axe-core, WCAG 2.2 A and AA); where SCREENSHOTS
names a directory, a picture of it goes there.
"""

import os
import re
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import WAIT_MS, Platform, sign_in
from tests.browser.places import every_place

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RUN = "rules => axe.run(document, rules).then(told => told.violations)"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}


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
    page.goto("/sign-in/")
    faults = {"sign-in": _faults(page)}
    sign_in(page, lived_in)
    for name, address in every_place(page).items():
        page.goto(address)
        page.wait_for_load_state()
        for width, (across, down) in WIDTHS.items():
            page.set_viewport_size({"width": across, "height": down})
            faults[f"{name}{width}"] = _faults(page)
            _keep(page, f"{name}{width}-{theme}.png")
    profile.close()
    assert {name: found for name, found in faults.items() if found} == {}


def _faults(page: Page) -> list[str]:
    """What is wrong with the page as it stands: each rule of axe, how many places, and the first of them."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN, RULES)
    faults = [f"{one['id']} x{len(one['nodes'])}: {one['nodes'][0]['html'][:160]}" for one in found]
    if not re.search(r"\w", page.title()):
        faults.append("it has no title")
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        faults.append("it scrolls sideways")
    return faults


def _keep(page: Page, name: str) -> None:
    if wanted := os.environ.get("SCREENSHOTS"):
        path = Path(wanted) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)
