"""What a program can tell about accessibility (axe-core, WCAG 2.2 A and AA) holds on every page, in both themes."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import WAIT_MS, Platform, sign_in
from tests.browser.places import every_place

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_has_a_fault_that_axe_can_see(browser: Browser, lived_in: Platform, theme: str, width: int) -> None:
    profile = browser.new_context(
        base_url=lived_in.address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    profile.set_default_timeout(WAIT_MS)
    page = profile.new_page()
    page.goto("/sign-in/")
    faults = {"sign-in": _faults(page)}
    sign_in(page, lived_in)
    for name, address in every_place(page).items():
        page.goto(address)
        faults[name] = _faults(page)
    profile.close()
    assert {name: found for name, found in faults.items() if found} == {}


def _faults(page: Page) -> list[str]:
    """What axe finds on the page as it stands: the rule, how many places, and the first of them."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, rules).then(told => told.violations)", RULES
    )
    return [f"{one['id']} x{len(one['nodes'])}: {one['nodes'][0]['html'][:160]}" for one in found]
