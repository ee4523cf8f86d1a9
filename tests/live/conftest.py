"""Shows what the processes said when a test with real ones has failed."""

from collections.abc import Generator

import pytest

from tests.live.platform import Platform

SHOWN_CHARACTERS = 6000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for value in item.funcargs.values():
            if isinstance(value, Platform):
                report.sections += _logs(value)
    return report


def _logs(platform: Platform) -> list[tuple[str, str]]:
    texts = {path.name: path.read_text(errors="replace") for path in sorted(platform.logs.glob("*.log"))}
    return [(f"Process {name}", text[-SHOWN_CHARACTERS:]) for name, text in texts.items() if text]
