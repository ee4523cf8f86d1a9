"""Every page of a lived-in platform, wide and narrow, light and dark.

On each of them holds what a program can tell about accessibility (axe-core, WCAG 2.2 A and AA); where SCREENSHOTS
names a directory, a picture of it goes there.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.browser import places
from tests.browser.accessible import faults_of
from tests.browser.conftest import WAIT_MS, Platform, sign_in

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

THEMES = ("light", "dark")
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}
BETWEEN = (720, 768, 900, 961, 1081)
"""Tablets, and where the layout has just taken up more columns."""
PARTS = 8
_SAY_LONG_WORDS = """() => {
    const word = "https://wiki.example.org/" + "Operations".repeat(12);
    const places = ".held span, td.long, a.chip, .lines > li > .grow p, .head .sentence";
    for (const one of document.querySelectorAll(places)) one.textContent = word;
}"""


@dataclass(frozen=True)
class Inside:
    """Somebody who has signed in, and the pages that they find, by name."""

    session: StorageState
    places: dict[str, str]


@pytest.fixture(scope="module")
def inside(browser: Browser, lived_in: Platform) -> Inside:
    """Sign in once, and follow the names to their pages."""
    with _tab(browser, lived_in) as page:
        sign_in(page, lived_in)
        return Inside(page.context.storage_state(), places.every_place(page))


def test_every_address_that_can_be_opened_is_looked_at(inside: Inside) -> None:
    shown = places.names_of([*places.SIGNED_OUT.values(), *inside.places.values()])
    elsewhere = places.PARTS | places.FILES | places.ASKING | places.IN_TEST_SIGN_IN
    assert places.openable() - shown - elsewhere == set()


def test_every_page_of_those_who_are_signed_out_is_accessible_and_fits(browser: Browser, lived_in: Platform) -> None:
    with _tab(browser, lived_in) as page:
        assert _look(page, places.SIGNED_OUT) == {}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_and_fits(browser: Browser, lived_in: Platform, inside: Inside, part: int) -> None:
    with _tab(browser, lived_in, inside.session) as page:
        assert _look(page, dict([*inside.places.items()][part::PARTS])) == {}


@contextmanager
def _tab(browser: Browser, platform: Platform, session: StorageState | None = None) -> Iterator[Page]:
    profile = browser.new_context(
        base_url=platform.address,
        storage_state=session,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    profile.set_default_timeout(WAIT_MS)
    yield profile.new_page()
    profile.close()


def _look(page: Page, addresses: dict[str, str]) -> dict[str, list[str]]:
    """What is wrong with each page, wide and narrow, light and dark."""
    faults = {}
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_load_state()
        for width, (across, down) in WIDTHS.items():
            page.set_viewport_size({"width": across, "height": down})
            for theme in THEMES:
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                faults[f"{name}{width}-{theme}"] = faults_of(page)
                _keep(page, f"{name}{width}-{theme}.png")
        faults[f"{name} between"] = _pushed_aside(page, BETWEEN)
        page.evaluate(_SAY_LONG_WORDS)
        faults[f"{name} with long words"] = _pushed_aside(page, [across for across, _ in WIDTHS.values()])
    return {name: found for name, found in faults.items() if found}


def _pushed_aside(page: Page, widths: Iterable[int]) -> list[str]:
    """At which of these widths a page must be pushed sideways to be read."""
    found = []
    for across in widths:
        page.set_viewport_size({"width": across, "height": 860})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{wide} px at {across}"] if wide > across else []
    return found


def _keep(page: Page, name: str) -> None:
    if wanted := os.environ.get("SCREENSHOTS"):
        path = Path(wanted) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)
