"""What is drawn anew under the focus keeps it."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def draw_anew(page: Page, region: Locator) -> None:
    """Have a live region fetched, as a frame does, and wait until it stands there new."""
    region.evaluate("region => { region.querySelector('a, summary').dataset.old = '' }")
    region.evaluate("region => htmx.trigger(region, 'live')")
    expect(region.locator("[data-old]")).to_have_count(0)


def test_the_row_of_a_list_that_one_stands_on_keeps_the_focus(page: Page) -> None:
    for name in ("Focus one", "Focus two", "Focus three"):
        make_task(page, name)
    page.goto("/tasks/?search=Focus&sort=name")
    names = page.locator("main tbody a.name")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    draw_anew(page, page.locator("main tbody tr").nth(1))
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(2)).to_be_focused()


def test_links_and_menus_of_a_part_keep_the_focus(page: Page) -> None:
    make_task(page, "Focused head", run=True)
    head = page.locator("#run-head")
    expect(head).to_contain_text("succeeded")
    link = head.get_by_role("link", name="Run again with changes")
    expect(link).to_be_visible()
    page.wait_for_load_state("networkidle")  # the last news of the run has been drawn
    link.focus()
    draw_anew(page, head)
    expect(link).to_be_focused()
    page.goto("/tasks/?search=Focused+head")
    page.locator("main tbody a.name").click()
    menu = page.locator("summary[aria-label=More]")
    menu.focus()
    draw_anew(page, page.locator("#task-head"))
    expect(menu).to_be_focused()


def test_where_a_row_has_gone_the_one_in_its_place_has_the_focus(page: Page) -> None:
    make_task(page, "Gone first", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded")
    page.goto("/runs/?search=probe.sleep")
    page.evaluate("""async () => {
      const { keepFocus, giveFocusBack } = await import("/static/carillon/js/focus.js");
      document.querySelector("main").insertAdjacentHTML("afterbegin", `<div id="listed"><ul class="lines">
        <li data-run="1"><a class="name" href="#1">1</a><li data-run="2"><a class="name" href="#2">2</a></ul></div>`);
      const region = document.getElementById("listed");
      region.querySelector("a").focus();
      keepFocus(region);
      region.outerHTML =
        '<div id="listed"><ul class="lines"><li data-run="2"><a class="name" href="#2">2</a></ul></div>';
      giveFocusBack(region.id);
    }""")
    expect(page.locator("#listed a")).to_be_focused()
