"""Lists on a telephone: nothing to filter by is cut off, and nothing has to be pushed sideways."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

ACROSS = 390
LISTS = (
    *("/tasks/", "/tasks/?status=paused&tag=finance", "/runs/", "/runs/?search=x&tag=y", "/upcoming/"),
    *("/upcoming/?tag=finance", "/batches/", "/files/", "/settings/calendars/", "/settings/email-templates/"),
)
_CUT = """(across) => [...document.querySelectorAll(
        ".filters > :not([type=hidden]), .tabs > a, .head .actions > *, main table, main select, main button")]
    .filter((one) => one.checkVisibility())
    .filter((one) => {
        const box = one.getBoundingClientRect();
        return box.left < 0 || box.right > across;
    })
    .map((one) => `${one.tagName} ${one.name || one.textContent.trim().slice(0, 30)}`)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_list_cuts_its_filters_on_a_narrow_screen(page: Page, tmp_path: Path, theme: str) -> None:
    directory = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    page.set_viewport_size({"width": ACROSS, "height": 844})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    cut = {}
    for number, address in enumerate(LISTS):
        page.goto(address)
        page.screenshot(path=directory / f"list-{number}-{theme}.png")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if found := [*page.evaluate(_CUT, ACROSS), *([f"page of {wide} px"] if wide > ACROSS else [])]:
            cut[address] = found
    assert cut == {}
