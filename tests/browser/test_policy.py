"""Pages under a strict content security policy: nothing inline, nothing evaluated, nothing from elsewhere."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'none'"


def strictly(route: Route) -> None:
    """Fetch as asked, and add the policy to the answer."""
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


def test_pages_work_and_the_browser_has_nothing_to_block(page: Page, context: BrowserContext) -> None:
    context.route("**/*", strictly)
    make_task(page, "Strict", seconds="1", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=30_000)
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.goto("/tasks/new/?type=http_request")
    page.check("#kind-hourly", force=True)
    expect(page.locator("#preview")).to_contain_text("hour")
    for address in ("/", "/tasks/", "/runs/", "/upcoming/", "/settings/", "/settings/api-keys/", "/mailbox/", "/ui/"):
        page.goto(address)
        assert page.locator("nav svg use").count() > 3
    context.unroute_all(behavior="ignoreErrors")  # the icon of the last page may still be on its way
