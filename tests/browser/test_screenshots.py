"""Every page with a lived-in database, as pictures: to a temporary directory, or to where SCREENSHOTS says."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import WAIT_MS, Platform, sign_in
from tests.browser.places import every_place

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the pictures go."""
    return Path(os.environ.get("SCREENSHOTS") or tmp_path)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_of_every_page(browser: Browser, lived_in: Platform, directory: Path, theme: str, width: str) -> None:
    across, down = WIDTHS[width]
    profile = browser.new_context(
        base_url=lived_in.address,
        viewport={"width": across, "height": down},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    profile.set_default_timeout(WAIT_MS)
    page = profile.new_page()
    sign_in(page, lived_in)
    taken = [
        _take(page, directory / f"{name}{width}-{theme}.png", address) for name, address in every_place(page).items()
    ]
    profile.close()
    assert all(path.stat().st_size > 5_000 for path in taken)


def _take(page: Page, path: Path, address: str) -> Path:
    page.goto(address)
    page.wait_for_load_state()
    assert re.search(r"\w", page.title())
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    return path
