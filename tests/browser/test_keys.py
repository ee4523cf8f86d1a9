"""The whole app by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def test_keys_lead_everywhere_and_are_listed(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keys")
    expect(listed).to_contain_text("Next row of a list")
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    for key, place in (("t", "/tasks/"), ("r", "/runs/"), ("u", "/upcoming/"), ("s", "/settings/"), ("h", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(re.compile(rf"//[^/]+{place}$"))
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/tasks/new/$"))


def test_rows_are_walked_and_opened(page: Page) -> None:
    make_task(page, "Walked first")
    make_task(page, "Walked second")
    page.goto("/tasks/?search=Walked")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Walked first")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Walked second")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("tr", has_text="Walked first").get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Walked second")


def test_a_key_that_is_typed_into_a_field_stays_there(page: Page) -> None:
    page.goto("/tasks/")
    page.keyboard.press("/")
    page.keyboard.type("gt?jn")
    expect(page.locator("main [data-search]")).to_have_value("gt?jn")
    assert page.url.endswith("/tasks/")


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(page: Page) -> None:
    make_task(page, "Asked about")
    opener = page.get_by_role("button", name="Pause", exact=True).first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Pause this task?")
    expect(dialog.locator("#pause-note")).to_be_focused()
    for key, times in (("Tab", 4), ("Shift+Tab", 4)):
        for _ in range(times):
            page.keyboard.press(key)
            assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_dialog_that_a_menu_opened_gives_the_focus_back_to_the_menu(page: Page) -> None:
    make_task(page, "Asked from a menu")
    menu = page.locator("summary[aria-label=More]")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#run-for-instant")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Run it for another time?")).to_be_hidden()
    expect(menu).to_be_focused()
