"""Nothing that is being read moves when runs start, succeed and fail meanwhile; and the badge of the rail follows."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WAIT_MS = 30_000
WIDTHS = {"wide": (1280, 860), "narrow": (390, 844)}
MOST = 0.01
"""What Chromium may count as a shift in all that time; "good" is ten times as much."""
_WATCH = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const moved = entry.sources.map(({ node, previousRect, currentRect }) =>
        `${node?.nodeName}#${node?.id ?? ""}.${node?.className ?? ""} ${previousRect.y}>${currentRect.y}`);
      window.shifts.push([entry.value, moved]);
    }
  }).observe({ type: "layout-shift" });
}"""


@contextmanager
def device(browser: Browser, context: BrowserContext, width: str) -> Iterator[BrowserContext]:
    """A browser of that width, signed in."""
    across, down = WIDTHS[width]
    profile = browser.new_context(
        base_url=context.pages[0].url,
        viewport={"width": across, "height": down},
        storage_state=context.storage_state(),
        timezone_id="Europe/Berlin",
        locale="en-GB",
    )
    profile.set_default_timeout(WAIT_MS)
    yield profile
    profile.close()


def watch(profile: BrowserContext, address: str) -> Page:
    """Open a page and count from now on what moves."""
    page = profile.new_page()
    page.goto(address)
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.evaluate("document.fonts.ready")
    page.evaluate(_WATCH)
    return page


def moved(pages: dict[str, Page], stage: str, width: str) -> dict[str, object]:
    """What has moved so far, where it is more than nothing; a picture of each page, where one is asked for."""
    found: dict[str, object] = {}
    for name, page in pages.items():
        shifts = page.evaluate("window.shifts")
        if sum(value for value, _ in shifts) >= MOST:
            found[f"{name} {stage}"] = shifts
        if directory := os.environ.get("SCREENSHOTS"):
            Path(directory).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(directory) / f"steady-{name}-{stage}-{width}.png")
    return found


def run_now(page: Page, task: str) -> str:
    """Start a run of a task, and give its address."""
    page.goto(task)
    page.get_by_role("button", name="Run now").click()
    page.wait_for_url("**/runs/*/")
    return page.url


def calm(context: BrowserContext) -> Page:
    """Give a page where nothing needs anybody: what others left there would take the room of what is to come."""
    page = context.pages[0]
    page.goto("/runs/all/dismiss/?status=needs")
    if page.locator("form.many").count():
        page.locator("form.many .primary").click()
        expect(page.locator("form.many")).to_have_count(0, timeout=WAIT_MS)
    return page


def fail(hand: Page, task: str) -> None:
    """Run the task, and wait until that has failed."""
    run_now(hand, task)
    expect(hand.locator("h1")).to_contain_text("failed", timeout=WAIT_MS)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_while_runs_start_succeed_and_fail(browser: Browser, context: BrowserContext, width: str) -> None:
    hand = calm(context)
    make_task(hand, f"Works well {width}", seconds="4")
    works = hand.url
    make_task(hand, f"Works badly {width}", type="probe.permanent", seconds="4")
    fails = hand.url
    with device(browser, context, width) as profile:
        pages = {name: watch(profile, path) for name, path in {"home": "/", "runs": "/runs/"}.items()}
        pages |= {"task-good": watch(profile, works), "task-bad": watch(profile, fails)}
        faults = moved(pages, "0", width)
        begun = {f"run-{name}": run_now(hand, task) for name, task in (("good", works), ("bad", fails))}
        pages |= {name: watch(profile, path) for name, path in {**begun, "runs-open": "/runs/"}.items()}
        faults |= moved(pages, "1-begun", width)
        expect(pages["run-good"].locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
        expect(pages["run-bad"].locator("h1")).to_contain_text("failed", timeout=WAIT_MS)
        expect(pages["task-bad"].locator(".stand")).to_contain_text("The last run failed", timeout=WAIT_MS)
        expect(pages["task-good"].locator("#task-history tbody tr")).to_contain_text("succeeded", timeout=WAIT_MS)
        expect(pages["home"].locator("#home-failed")).to_contain_text(f"Works badly {width}", timeout=WAIT_MS)
        rows = pages["runs-open"].locator("tbody tr", has_text=f"Works badly {width}")
        expect(rows.first).to_contain_text("failed", timeout=WAIT_MS)
        faults |= moved(pages, "2-ended", width)
        fail(hand, fails)
        expect(pages["task-bad"].locator("#task-history")).to_contain_text("failed", timeout=WAIT_MS)
        expect(pages["home"].locator("#home-failed")).to_contain_text("2 times", timeout=WAIT_MS)
        for number in range(2):
            make_task(hand, f"Works no better {width} {number}", type="probe.permanent")
            fail(hand, hand.url)
        expect(pages["home"].locator("#home-failed [data-rest]")).to_have_text(
            re.compile("more: show"), timeout=WAIT_MS
        )
        faults |= moved(pages, "3-again", width)
        assert faults == {}
        pages["home"].locator("#home-failed [data-rest]").click()
        expect(pages["home"].locator("#home-failed li").nth(2)).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_row_of_the_list_of_tasks_moves_with_its_first_run(
    browser: Browser, context: BrowserContext, width: str
) -> None:
    hand, tasks = context.pages[0], {}
    for name, type, ended in (("good", "probe.sleep", "succeeded"), ("bad", "probe.permanent", "failed")):
        make_task(hand, f"Listed {name} {width}", type=type, seconds="2")
        tasks[hand.url] = f"Listed {name} {width}", ended
    with device(browser, context, width) as profile:
        watched = watch(profile, f"/tasks/?search=Listed+{width}")
        for task, (name, ended) in tasks.items():
            run_now(hand, task)
            row = watched.locator("tbody tr", has_text=name)
            expect(row.locator(f".state.is-{ended}:visible").first).to_be_visible(timeout=WAIT_MS)
        assert watched.evaluate("window.shifts") == []


def test_the_badge_of_the_rail_follows_on_every_page_and_catches_up_when_the_tab_is_seen_again(
    page: Page, context: BrowserContext
) -> None:
    make_task(page, "Needs somebody", type="probe.permanent")
    task = page.url
    watcher = watch_badge(context)
    before = count_of(watcher)
    run_now(page, task)
    expect(page.locator("h1")).to_contain_text("failed", timeout=WAIT_MS)
    expect(watcher.locator("#nav-failed")).to_have_attribute("data-count", str(before + 1), timeout=WAIT_MS)
    expect(watcher.locator("#nav-failed")).to_have_text(f"{before + 1} failed and not yet looked at")
    assert "failed" in str(watcher.locator("link[rel=icon]").get_attribute("href"))
    dismiss(page)
    expect(watcher.locator("#nav-failed")).to_have_attribute("data-count", str(before), timeout=WAIT_MS)
    watcher.evaluate(SHOW, "hidden")
    asked: list[str] = []
    watcher.on("request", lambda request: asked.append(request.url))
    for is_last in (False, True):
        run_now(page, task)
        expect(page.locator("h1")).to_contain_text("failed", timeout=WAIT_MS)
        if not is_last:
            dismiss(page)
    assert [url for url in asked if "favicon" not in url] == []
    later = watch_badge(context)
    watcher.evaluate(SHOW, "visible")
    expect(watcher.locator("#nav-failed")).to_have_attribute("data-count", str(before + 1), timeout=WAIT_MS)
    dismiss(page)
    for tab in (watcher, later):
        expect(tab.locator("#nav-failed")).to_have_attribute("data-count", str(before), timeout=WAIT_MS)


def test_the_icon_of_a_tab_says_that_something_runs_without_asking(context: BrowserContext) -> None:
    hand = calm(context)
    make_task(hand, "Seen in the tab", seconds="10")
    watcher = watch_badge(context)
    icon = watcher.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile(r"/favicon\."), timeout=WAIT_MS)
    asked: list[str] = []
    watcher.on("request", lambda request: asked.append(request.url))
    run_now(hand, hand.url)
    expect(icon).to_have_attribute("href", re.compile("favicon-running"), timeout=WAIT_MS)
    late = watch_badge(context)
    expect(late.locator("link[rel=icon]")).to_have_attribute("href", re.compile("favicon-running"))
    expect(icon).to_have_attribute("href", re.compile(r"/favicon\."), timeout=WAIT_MS)
    assert [url for url in asked if "favicon" not in url] == []
    expect(late.locator("link[rel=icon]")).to_have_attribute("href", re.compile(r"/favicon\."), timeout=WAIT_MS)


def dismiss(page: Page) -> None:
    """Take the failure that the page shows off the list."""
    page.get_by_role("button", name="Dismiss").click()
    page.locator("#dismiss .primary").click()
    expect(page.locator(".problem")).to_contain_text("Dismissed")


def watch_badge(context: BrowserContext) -> Page:
    """A page that shows nothing live but the badge."""
    watcher = context.new_page()
    watcher.goto("/settings/password/")
    expect(watcher.locator("html[data-link=live]")).to_have_count(1)
    return watcher


def count_of(watcher: Page) -> int:
    """What the badge says."""
    return int(str(watcher.locator("#nav-failed").get_attribute("data-count")))


SHOW = """state => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
