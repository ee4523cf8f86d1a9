"""Runs in the browser: watched, stopped, run again with other values, and a whole group at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tasks_app.web.run_list import SIZE
from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WAIT_MS = 30_000
WIDTHS = (1280, 1000, 390)
_HIDDEN_PARTS = """link => {
  link.scrollIntoView({ block: "center" });
  const { left, right, top, bottom } = link.getBoundingClientRect();
  const places = [top + 1, (top + bottom) / 2, bottom - 1].flatMap((y) => [[left + 16, y], [right - 16, y]]);
  return places.map(([x, y]) => document.elementFromPoint(x, y)).filter((found) => !link.contains(found))
    .map((found) => found?.outerHTML.slice(0, 80));
}"""
"""What stands before some part of a link."""


def test_a_run_says_how_long_it_will_still_take_and_nothing_jumps(page: Page) -> None:
    make_task(page, "Estimated", seconds="10", run=True)
    expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    expect(page.locator("[data-left]")).to_have_text(re.compile(r"about \d+ s left"), timeout=WAIT_MS)
    page.evaluate("window.storyTop = document.getElementById('run-story').getBoundingClientRect().top")
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("[data-left]")).to_have_count(0)
    moved = page.evaluate("document.getElementById('run-story').getBoundingClientRect().top - window.storyTop")
    assert abs(moved) < 1
    expect(page.locator(".stretches rect")).to_have_count(2)


def test_stopping_is_followed_from_asked_to_stopped(page: Page) -> None:
    make_task(page, "Stopped in stages", seconds="60", run=True)
    expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    page.get_by_role("link", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.locator(".stages li").first).to_contain_text("Asked", timeout=WAIT_MS)
    expect(page.locator(".stages li").last).to_contain_text(re.compile("Stopped .*(ago|now)"), timeout=WAIT_MS)
    expect(page.locator("h1")).to_contain_text("cancelled", timeout=WAIT_MS)


def test_a_run_is_run_again_with_other_values_and_keeps_them_on_a_fault(page: Page, faults: list[str]) -> None:
    make_task(page, "Changed", seconds="0", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    page.get_by_role("link", name="Run again with changes").click()
    page.eval_on_selector("[name='payload.seconds']", "field => { field.type = 'text'; }")
    page.fill("[name='payload.seconds']", "many")
    page.locator(".form-end .primary").click()
    expect(page.get_by_role("alert")).to_contain_text("Not started")
    expect(page.locator("[name='payload.seconds']")).to_have_value("many")
    faults.clear()  # the browser says that the answer was a refusal
    page.fill("[name='payload.seconds']", "1.5")
    page.locator(".form-end .primary").click()
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("#payload-json")).to_contain_text("1.5")
    expect(page.locator(".facts")).to_contain_text("Started again from an earlier run")


def test_a_group_of_failures_is_run_again_at_once(page: Page) -> None:
    make_task(page, "Broken", type="probe.permanent")
    only = f"task={page.url.rstrip('/').rpartition('/')[2]}"
    for _ in range(2):
        page.get_by_role("button", name="Run now").click()
        page.wait_for_url("**/runs/*/")
        expect(page.locator("h1")).to_contain_text("failed", timeout=WAIT_MS)
        page.go_back()
    page.goto(f"/runs/groups/?{only}")
    group = page.locator(".groups li", has_text="probe.permanent")
    expect(group).to_contain_text("2 probe.permanent failed with")
    page.keyboard.press("j")
    expect(page.locator(".groups h2 a").first).to_be_focused()
    group.get_by_role("link", name="Retry all").click()
    expect(page.locator("h1")).to_have_text("Run 2 runs again?")
    page.get_by_role("button", name="Run them again").dblclick()
    expect(page.locator(".message")).to_contain_text("2 runs started again", timeout=WAIT_MS)
    page.goto(f"/runs/groups/?{only}")
    expect(page.locator(".groups li", has_text="probe.permanent")).to_contain_text(re.compile("[234] probe.permanent"))
    page.goto(f"/runs/?{only}&trigger=retry")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_page_of_groups_says_that_another_run_has_failed(page: Page) -> None:
    make_task(page, "Breaks later", type="probe.permanent")
    task = page.url
    watcher = page.context.new_page()
    watcher.goto("/runs/groups/")
    expect(watcher.locator("html")).to_have_attribute("data-link", "live", timeout=WAIT_MS)
    page.goto(task)
    page.get_by_role("button", name="Run now").click()
    watcher.get_by_role("link", name="1 newer run. Show it").click(timeout=WAIT_MS)
    expect(watcher.locator(".groups li", has_text="probe.permanent")).to_be_visible(timeout=WAIT_MS)


def test_newer_runs_are_counted_and_not_pushed_in(page: Page) -> None:
    make_task(page, "Newer", seconds="0", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    page.goto("/runs/")
    rows = page.locator("tbody tr")
    before = rows.count()
    elsewhere = page.context.new_page()
    elsewhere.goto("/tasks/?search=Newer")
    for _ in range(2):
        with elsewhere.expect_response(lambda answer: answer.request.method == "POST"):
            elsewhere.get_by_role("button", name="Run Newer now").click()
        elsewhere.goto("/tasks/?search=Newer")
    expect(page.locator("[data-newer]")).to_contain_text("2 newer runs", timeout=WAIT_MS)
    assert rows.count() == before
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert page.locator("[data-newer]").evaluate(_HIDDEN_PARTS) == []
    page.locator("[data-newer]").click()
    expect(rows.nth(1)).to_contain_text("Newer")
    expect(rows).to_have_count(min(before + 2, SIZE))


def test_a_narrowed_list_tells_of_those_newer_runs_alone_that_match(page: Page) -> None:
    for name in ("Meant", "Not meant"):
        make_task(page, name, seconds="0")
    page.goto("/tasks/?search=Meant")
    address = page.get_by_role("link", name="Meant", exact=True).get_attribute("href") or ""
    page.goto(f"/runs/?task={address.strip('/').split('/')[1]}")
    expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=WAIT_MS)
    elsewhere = page.context.new_page()
    for name in ("Not meant", "Meant"):
        elsewhere.goto("/tasks/?search=Meant")
        elsewhere.get_by_role("button", name=f"Run {name} now", exact=True).click()
        elsewhere.wait_for_load_state()
    expect(page.locator("#run-newer")).to_have_text("1 newer run. Show it", timeout=WAIT_MS)
    page.locator("#run-newer a").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_log_is_followed_until_one_scrolls_up(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.chatty")
    page.fill("[name=name]", "Followed")
    page.fill("[name='payload.seconds']", "8")
    page.fill("[name='payload.message']", "80")
    page.check("#kind-manual", force=True)
    page.click("text=Create and run once now")
    log, follow = page.locator("#log"), page.get_by_role("button", name="Follow")
    expect(log.locator("li").nth(39)).to_be_attached(timeout=WAIT_MS)
    is_at_end = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 30"
    page.wait_for_function(f"({is_at_end})(document.getElementById('log'))")
    log.hover()
    page.mouse.wheel(0, -400)
    expect(follow).to_have_attribute("aria-pressed", "false")
    at = log.evaluate("log => log.scrollTop")
    expect(log.locator("li")).to_have_count(80, timeout=WAIT_MS)
    assert log.evaluate("log => log.scrollTop") == at
    follow.click()
    page.wait_for_function(f"({is_at_end})(document.getElementById('log'))")


def test_the_id_and_the_error_of_a_run_are_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    make_task(page, "Copied", type="probe.permanent", run=True)
    expect(page.locator("h1")).to_contain_text("failed", timeout=WAIT_MS)
    for what, place in (("id", "#run-id"), ("error", "#run-error")):
        button = page.locator(f"[data-copy={place[1:]}]")
        expect(button).to_have_accessible_name(f"Copy the {what}")
        button.click()
        expect(button).to_have_accessible_name(f"Copied the {what}")
        assert page.evaluate("navigator.clipboard.readText()") == page.locator(place).text_content()


def test_what_is_left_of_a_log_can_be_read_until_its_end(page: Page, faults: list[str]) -> None:
    page.goto("/tasks/new/?type=probe.chatty")
    page.fill("[name=name]", "Read on")
    page.fill("[name='payload.seconds']", "0")
    page.fill("[name='payload.message']", "1200")
    page.check("#kind-manual", force=True)
    page.click("text=Create and run once now")
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    page.goto(re.sub("[?#].*", "", page.url))
    lines, more = page.locator("#log li"), page.get_by_role("link", name="More lines")
    expect(lines.nth(499)).to_be_attached()
    address = re.compile(r"/log/\?")
    reading = page.locator("#log[data-reading]")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    expect(reading).to_have_count(0)
    page.route(address, lambda route: route.abort())
    with page.expect_event("requestfailed"):
        more.click()
    expect(reading).to_have_count(0)
    page.unroute(address)
    page.evaluate("for (let time = 0; time < 2; time += 1) document.getElementById('log-more-link').click()")
    expect(lines.nth(999)).to_be_attached()
    expect(reading).to_have_count(0)
    page.evaluate("document.getElementById('log-more-link')?.click()")  # unless late news of the run have read on
    expect(lines).to_have_count(1200)
    expect(more).to_have_count(0)
    faults.clear()  # the browser says that a request has failed
