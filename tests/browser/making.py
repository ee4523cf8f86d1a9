"""Making a task through the form, as a person does."""

from playwright.sync_api import Page


def make_task(page: Page, name: str, *, type: str = "probe.sleep", seconds: str = "0", run: bool = False) -> None:
    """Fill the form for a task that runs by hand, and save it; `run` starts it at once."""
    page.goto(f"/tasks/new/?type={type}")
    page.fill("[name=name]", name)
    page.fill("[name='payload.seconds']", seconds)
    page.check("#kind-manual", force=True)
    page.click("text=Create and run once now" if run else "text=Create task")
    page.wait_for_url("**/runs/*/" if run else "**/tasks/*/")
