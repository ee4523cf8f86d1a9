"""Lists on a telephone: nothing to filter by is cut off, and nothing has to be pushed sideways."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.making import make_task

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

A_BUSY_DAY = (
    ("98.8 %", "9,876 succeeded today", "124 failed, 1.2 points below last week"),
    ("3.9 s", "mean run time today", "last week 12 min"),
    ("1,000+", "waiting, 1,000+ paused", "the oldest for 2 h 13 min"),
    ("16", "workers alive", "128 of 256 children busy"),
    ("1,000+", "recurring tasks", "more than 1,000 active in all"),
    ("1,000+", "paused", "see why"),
)
_SAY = """(told) => {
    const figures = document.getElementById("home-figures");
    const before = figures.offsetHeight;
    const say = (at, n, said) => { figures.children[at].children[n].textContent = said; };
    told.forEach((words, at) => words.forEach((said, n) => say(at, n, said)));
    return [before, figures.offsetHeight, document.documentElement.scrollWidth];
}"""


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


def test_the_figures_of_home_are_as_high_on_a_day_with_failures_and_a_backlog(page: Page) -> None:
    make_task(page, "Seen on a telephone")
    page.set_viewport_size({"width": ACROSS, "height": 844})
    page.goto("/")
    before, after, across = page.evaluate(_SAY, A_BUSY_DAY)
    assert (after, across) == (before, ACROSS)
