"""Pages follow what happens without a reload, with the socket, without it, and after it was lost."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, WebSocketRoute, expect

from tasks_app.web import words
from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WAIT_MS = 30_000


def test_a_run_is_followed_from_its_start_to_its_end(page: Page) -> None:
    make_task(page, "Watched", seconds="8", run=True)
    page.evaluate("window.isSamePage = true")
    expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    expect(page.locator("[data-progress-text]")).to_have_text(re.compile(r"[1-9]\d? %"), timeout=WAIT_MS)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator(".timeline li")).to_have_count(3)
    expect(page.get_by_role("button", name="Run again", exact=True)).to_be_visible()
    assert page.evaluate("window.isSamePage") is True
    expect(page.locator("html[data-link=live]")).to_have_count(1)


def test_news_that_comes_while_the_page_is_read_anew_is_not_lost(page: Page) -> None:
    held: list[tuple[Route, APIResponse]] = []

    def hold_what_is_old_soon(route: Route) -> None:
        if held or route.request.headers.get("hx-target") != "run-head":
            return route.continue_()
        answer = route.fetch()
        return held.append((route, answer)) if "Stop" in answer.text() else route.fulfill(response=answer)

    page.route(re.compile(r"/runs/[0-9a-f-]+/\?watched=1$"), hold_what_is_old_soon)
    make_task(page, "Overtaken", seconds="10", run=True)
    expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    page.evaluate("htmx.trigger('#run-head', 'live')")
    expect(page.locator(".timeline")).to_contain_text("succeeded", timeout=WAIT_MS)
    route, old = held[0]
    route.fulfill(response=old)
    expect(page.get_by_role("button", name="Run again", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page).to_have_title(re.compile("Overtaken, succeeded"))


def test_a_menu_that_is_opened_while_the_page_is_read_anew_stays_open(page: Page) -> None:
    make_task(page, "Under the hand")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/tasks/[0-9a-f-]+/(\?|$)"), hold, times=1)
    with page.expect_request(lambda request: request.headers.get("hx-target") == "task-head"):
        page.evaluate("htmx.trigger('#task-head', 'live')")
    page.click("summary[aria-label=More]")
    page.evaluate("document.querySelector('#task-head h1').dataset.old = ''")
    with page.expect_response(lambda response: response.request.headers.get("hx-target") == "task-head"):
        held[0].continue_()
    expect(page.locator("#task-head[data-stale]")).to_have_count(1)
    expect(page.get_by_role("link", name="Cancel for good")).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.move(5, 700)
    page.locator("[data-search]").focus()
    expect(page.locator("#task-head h1[data-old]")).to_have_count(0)


def test_log_lines_arrive_in_order_and_once(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.chatty")
    page.fill("[name=name]", "Chatty")
    page.fill("[name='payload.seconds']", "3")
    page.fill("[name='payload.message']", "60")
    page.check("#kind-manual", force=True)
    page.click("text=Create and run once now")
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("#log li")).to_have_count(60, timeout=WAIT_MS)
    expect(page.locator("#log-count")).to_have_text("60 lines", timeout=WAIT_MS)
    numbers = page.eval_on_selector_all("#log li", "lines => lines.map(line => Number(line.dataset.n))")
    assert numbers == list(range(1, 61))


def test_a_run_is_stopped_from_its_page(page: Page) -> None:
    make_task(page, "Stopped", seconds="60", run=True)
    expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    page.get_by_role("link", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.locator("h1")).to_contain_text("cancelled", timeout=WAIT_MS)


def test_where_sockets_are_blocked_the_page_asks_every_two_seconds(context: BrowserContext) -> None:
    context.route_web_socket(re.compile("/ws/$"), lambda socket: socket.close())
    page = context.pages[0]
    make_task(page, "Polled", seconds="5", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("html[data-link=polling]")).to_have_count(1)
    expect(page.locator(".offline")).to_be_visible()


def test_a_lost_connection_comes_back_and_the_page_is_right_again(context: BrowserContext) -> None:
    routes: list[WebSocketRoute] = []

    def deaf(socket: WebSocketRoute) -> None:
        """The first connection is taken and then hears nothing more."""
        routes.append(socket)
        if len(routes) > 1:
            socket.connect_to_server()
        else:
            socket.on_message(lambda text: socket.send(json.dumps({"type": "subscribed", "topic": _topic(text)})))

    page = context.pages[0]
    make_task(page, "Lost", seconds="5")
    context.route_web_socket(re.compile("/ws/$"), deaf)  # from here on: each page has a connection
    page.get_by_role("button", name="Run now").click()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    expect(page.locator("h1")).not_to_contain_text("succeeded")
    elsewhere = context.new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("h1")).not_to_contain_text("succeeded")
    routes[0].close()
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("html[data-link=live]")).to_have_count(1)


def test_the_lists_change_in_place(page: Page, context: BrowserContext) -> None:
    make_task(page, "Listed", seconds="2")
    page.goto("/runs/")
    elsewhere = context.new_page()
    elsewhere.goto("/tasks/?search=Listed")
    elsewhere.get_by_role("button", name="Run Listed now").click()
    expect(page.locator("[data-newer]")).to_be_visible(timeout=WAIT_MS)
    page.locator("[data-newer]").click()
    row = page.locator("tbody tr", has_text="Listed").first
    expect(row).to_contain_text("succeeded", timeout=WAIT_MS)


def test_rows_whose_frames_were_lost_in_a_crowd_are_read_anew_when_the_server_says_so(context: BrowserContext) -> None:
    routes: list[WebSocketRoute] = []

    def hear_no_updates(socket: WebSocketRoute) -> None:
        routes.append(socket)
        server = socket.connect_to_server()
        server.on_message(lambda text: None if b"TaskUpdated" in _bytes(text) else socket.send(text))

    page = context.pages[0]
    make_task(page, "Unheard", seconds="8", run=True)
    run = page.url
    page.route_web_socket(re.compile("/ws/$"), hear_no_updates)
    page.goto("/runs/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    row = page.locator("tbody tr", has_text="Unheard").first
    expect(row).not_to_contain_text("succeeded")
    elsewhere = context.new_page()
    elsewhere.goto(run)
    expect(elsewhere.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(row).not_to_contain_text("succeeded")
    routes[0].send('{"type": "subscribed", "topic": "tasks"}')
    expect(row).to_contain_text("succeeded")


def _topic(text: str | bytes) -> str:
    return str(json.loads(text)["subscribe"])


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def test_the_words_of_the_browser_are_those_of_the_server(page: Page) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    amounts = [0, 0.4, 1, 12, 59, 89, 90, 200, 3599, 5399, 5400, 50_400, 172_799, 172_800, 900_000, 9_000_000]
    amounts += [63_071_999, 63_072_000, 160_704_000]
    for name, say in (("relative", words.relative), ("due", words.due)):
        for amount in [*amounts, *(-one for one in amounts)]:
            said = page.evaluate(
                f"async (seconds) => (await import('/static/carillon/js/time.js')).{name}(seconds)", amount
            )
            assert said == say(now + timedelta(seconds=amount), now), amount


def test_a_page_that_nobody_sees_asks_nothing_and_asks_at_once_when_it_is_seen(page: Page) -> None:
    page.clock.install()
    page.goto("/workers/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=5))
    page.wait_for_load_state("networkidle")
    page.evaluate(_SHOW, "hidden")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(30_000)
    assert asked == []
    page.evaluate(_SHOW, "visible")
    with page.expect_request("**/workers/"):
        page.clock.run_for(100)


_SHOW = """state => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
