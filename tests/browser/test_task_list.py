"""The list of tasks: a search that completes itself, and acting on all that match; without scripts as well."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

COUNT = 4
OFFERED = ".options li:visible"


def plan(page: Page, tag: str) -> None:
    """Make tasks with a tag, unless an earlier test has."""
    page.goto("/settings/")
    headers = {"X-CSRFToken": str(page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value"))}
    for number in range(COUNT):
        body = {"name": f"{tag} {number}", "type": "probe.sleep", "payload": {"seconds": 0}, "tags": [tag]}
        answer = page.request.put(f"/api/tasks/by-key/{tag}-{number}", data=body, headers=headers)
        assert answer.ok, answer.text()


def pause_all_and_take_it_back(page: Page) -> None:
    """Go the whole way by what stands on the pages; the list is narrowed to what matches."""
    expect(page.locator("tbody tr")).to_have_count(COUNT)
    page.check(".bulk [name=all]")
    page.click(".bulk button[value=pause]")
    expect(page.locator("h1")).to_have_text(f"Pause {COUNT} tasks?")
    page.fill("[name=note]", "holidays")
    page.click("form button.primary")
    expect(page.locator(".bulk-told")).to_contain_text(f"{COUNT} tasks paused.")
    expect(page.locator("tbody .is-paused:visible")).to_have_count(COUNT)
    expect(page.locator("tbody tr").first).to_contain_text("holidays")
    page.click("text=Undo")
    expect(page.locator(".bulk-told")).to_contain_text(f"Taken back: {COUNT} tasks resumed.")
    expect(page.locator("tbody .is-active:visible")).to_have_count(COUNT)


def test_the_box_completes_by_keyboard_and_what_matches_is_paused(page: Page) -> None:
    plan(page, "keyboard")
    page.goto("/tasks/")
    box = page.locator("#task-q")
    options = page.locator(OFFERED)
    box.press_sequentially("ta")
    expect(options).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", str(options.first.get_attribute("id")))
    box.press("Enter")
    expect(box).to_have_value("tag:")
    expect(options.filter(has_text="keyboard")).to_be_visible()
    box.press_sequentially("keyb")
    expect(options).to_have_count(1)
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("tag:keyboard ")
    box.press("Enter")
    page.wait_for_url("**/tasks/?q=tag%3Akeyboard**")
    expect(page.locator(".bulk")).to_be_hidden()
    page.locator("tbody [name=task]").first.check()
    expect(page.locator("[data-bulk-count]")).to_have_text("1 ticked")
    page.locator("tbody [name=task]").last.click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text(f"{COUNT} ticked")
    pause_all_and_take_it_back(page)


def test_all_that_match_are_chosen_at_once_by_keyboard(page: Page) -> None:
    plan(page, "atonce")
    page.goto("/tasks/?q=tag:atonce")
    pick = page.locator("[data-bulk-all]")
    expect(pick).to_have_text(f"Select all {COUNT} that match")
    pick.focus()
    pick.press("Enter")
    expect(pick).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".bulk [name=all]")).to_be_focused()
    rows = page.locator("input[name=task]:checked")
    expect(rows).to_have_count(COUNT)
    pick.press("Enter")
    expect(page.locator(".bulk")).to_be_hidden()
    expect(rows).to_have_count(0)
    pick.press("Enter")
    page.locator(".bulk [name=all]").press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"Pause {COUNT} tasks?")


def test_a_deleted_task_is_brought_back(page: Page) -> None:
    plan(page, "deleted")
    page.goto("/tasks/?q=tag:deleted")
    page.locator("tbody .name").first.click()
    page.goto(f"{page.url}delete/")
    page.click("form button.danger")
    expect(page.locator(".bulk-told")).to_contain_text("1 task deleted.")
    page.click("text=Undo")
    expect(page.locator(".bulk-told")).to_contain_text("Taken back: 1 task brought back.")
    page.goto("/tasks/?q=tag:deleted")
    expect(page.locator("tbody tr")).to_have_count(COUNT)


def test_escape_closes_what_the_box_offers(page: Page) -> None:
    page.goto("/tasks/?q=zzz")
    box = page.locator("#task-q")
    box.fill("st")
    expect(page.locator(OFFERED)).to_have_count(1)
    box.press("Escape")
    expect(page.locator(OFFERED)).to_have_count(0)
    expect(box).to_have_value("st")


def test_the_box_takes_nothing_from_a_list_of_what_stood_there_before(page: Page) -> None:
    page.goto("/tasks/")
    box, options = page.locator("#task-q"), page.locator(OFFERED)
    box.press_sequentially("status:")
    expect(options.filter(has_text="failed")).to_be_visible()
    asked = re.compile("/tasks/search/")
    page.route(asked, lambda _: None)  # a slow network
    box.press_sequentially("fa")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("status:fa")
    page.unroute(asked)
    box.press("Escape")
    box.press("ArrowDown")
    expect(options).to_have_count(1)
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("status:failed ")


def test_it_all_works_without_scripts(plain: Page) -> None:
    plan(plain, "scriptless")
    plain.goto("/tasks/")
    plain.fill("#task-q", "tag:scriptles")
    plain.click("text=Search")
    plain.locator("p", has_text="Did you mean").get_by_role("link").click()
    pause_all_and_take_it_back(plain)
    plain.locator("tbody [name=task]").first.check()
    plain.click(".bulk button[value=delete]")
    expect(plain.locator("h1")).to_have_text("Delete 1 task?")
