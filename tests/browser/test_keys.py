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


def test_a_filter_is_walked_by_arrow_keys_and_asks_on_enter_or_when_one_leaves(page: Page) -> None:
    page.goto("/runs/")
    queue = page.locator("form[data-filters] select[name=queue]")
    queue.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    chosen = queue.input_value()
    assert chosen == queue.locator("option").nth(2).get_attribute("value")
    expect(queue).to_be_focused()
    assert page.url.endswith("/runs/")
    expect(page.get_by_role("button", name="Filter", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/?*queue={chosen}*")
    queue.focus()
    page.keyboard.press("ArrowUp")
    page.locator("[data-new]").focus()
    page.wait_for_url(lambda url: f"queue={chosen}" not in url)


def test_a_filter_that_is_chosen_by_pointer_asks_at_once(page: Page) -> None:
    page.goto("/runs/")
    page.keyboard.press("Tab")
    page.locator("form[data-filters] select[name=queue]").click()
    page.keyboard.press("Escape")
    page.select_option("form[data-filters] select[name=queue]", "critical")
    page.wait_for_url("**/runs/?*queue=critical*")


def test_single_keys_can_be_switched_off_and_on_again(page: Page) -> None:
    page.goto("/tasks/")
    page.keyboard.press("?")
    switch = page.get_by_role("checkbox", name="Single keys work in this browser")
    expect(switch).to_be_checked()
    switch.uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("/")
    expect(page.locator("main [data-search]")).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.locator("summary[aria-label='You and your settings']").click()
    page.get_by_role("button", name="Keys").click()
    switch.check()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("main [data-search]")).to_be_focused()


def test_no_key_leads_away_from_a_form_that_has_been_changed(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.sleep")
    page.fill("[name=name]", "Not sent yet")
    page.get_by_role("heading", level=1).click()
    for key in ("g", "t", "n", "?"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert page.url.endswith("/tasks/new/?type=probe.sleep")
    expect(page.locator("[name=name]")).to_have_value("Not sent yet")


def test_a_preview_does_not_count_as_sending(page: Page) -> None:
    page.goto("/settings/email-templates/new/")
    page.fill("[name=html]", "<p>Typed for long</p>")
    expect(page.frame_locator("iframe[name=mail-html]").locator("p")).to_have_text("Typed for long")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.locator("[name=html]")).to_have_value("<p>Typed for long</p>")


def test_what_is_typed_between_two_keys_takes_the_first_back(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.sleep")
    page.keyboard.press("g")
    page.fill("[name=name]", "Not sent yet")
    page.get_by_role("heading", level=1).click()
    for key in ("t", "?"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("Not sent yet")
