"""docs/api.md speaks of addresses that are there, and forgets none."""

import re
from pathlib import Path

from tests.api.conftest import addresses

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def plain(path: str) -> str:
    """Write an address without the names of what stands in it."""
    path = re.sub(r"<\w+:\w+>|\{\w+\}|[0-9a-f-]{36}", "{}", path)
    return path.split("?")[0].strip("/")


def test_every_address_that_it_names_is_there_and_none_is_missing() -> None:
    named = {plain(path) for path in re.findall(r"(?:/api|\$API|\bapi )/([\w/{}?=.-]+)", PAGE)}
    for base, actions in re.findall(r"/api/([\w/{}-]+)/\w+`(?: \(`note`\))?,?(?: and)? `/(\w+)`", PAGE):
        named.add(plain(f"{base}/{actions}"))
    assert named == {plain(path) for path in addresses()}
