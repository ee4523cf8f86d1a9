"""The socket of a page: when it counts as live, and what its ends mean."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.conftest import WAIT_MS, Platform
from tests.browser.test_signed_out import sign_in_beside

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

SOCKET = re.compile("/ws/$")
_NOTE_LINKS = """window.links = [];
new MutationObserver(() => links.push(document.documentElement.dataset.link))
  .observe(document, { subtree: true, attributeFilter: ["data-link"] });"""


@pytest.mark.parametrize("code", [1013, 4429])
def test_a_socket_that_the_server_lets_in_and_sends_away_is_not_live(context: BrowserContext, code: int) -> None:
    sockets: list[WebSocketRoute] = []

    def send_away(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.on_message(lambda _: socket.close(code=code) if socket is sockets[-1] else None)

    page = context.pages[0]
    page.add_init_script(_NOTE_LINKS)
    page.route_web_socket(SOCKET, send_away)
    page.goto("/workers/")
    expect(page.locator(".offline")).to_be_visible(timeout=WAIT_MS)
    while len(sockets) < 4:
        with page.expect_request("**/workers/"):
            pass
    assert page.evaluate("links.filter(link => link !== 'polling')") == []


def test_who_is_sent_away_for_other_rights_and_is_signed_in_comes_again(page: Page) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket(SOCKET, pass_on)
    page.goto("/workers/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.evaluate("document.documentElement.dataset.link = 'not known'")
    sockets[0].close(code=4401)
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    expect(page.locator("#signed-out > p").first).to_be_hidden()


def test_who_is_signed_out_is_told_and_the_page_rests_until_they_are_back(
    context: BrowserContext, platform: Platform
) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page = context.pages[0]
    page.route_web_socket(SOCKET, pass_on)
    page.goto("/workers/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    context.clear_cookies(name="carillon_session")
    sockets[0].close()
    expect(page.locator("#signed-out > p").first).to_be_visible()
    assert page.url.endswith("/workers/")
    expect(page.locator("html[data-link=out]")).to_have_count(1)
    sign_in_beside(page, platform)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    assert len(sockets) == 2


def test_a_page_does_not_come_back_for_somebody_else(page: Page) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket(SOCKET, pass_on)
    page.goto("/workers/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.evaluate("document.body.dataset.person = '0'")  # as if it had been drawn for another
    sockets[0].close()
    expect(page.locator("#signed-out > p").last).to_be_visible()
    expect(page.locator("html[data-link=out]")).to_have_count(1)
    assert len(sockets) == 1
