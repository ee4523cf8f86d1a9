"""Reading pages as a person does: the text, a field's value, a field's error."""

import re
from html import unescape
from typing import Protocol


class Page(Protocol):
    """Any answer that has content."""

    @property
    def content(self) -> bytes: ...


def text(response: Page) -> str:
    """The page's words, without its markup."""
    html = re.sub(r"(?s)<(script|style).*?</\1>", " ", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def value(response: Page, name: str) -> str:
    """What stands in an input or a textarea of the page itself, not of the frame around it."""
    html = response.content.decode().rpartition("<main")[2]
    control = re.search(rf'<(input|textarea)\b[^>]*\bname="{re.escape(name)}"[^>]*>([^<]*)', html)
    assert control is not None, f"no control named {name}"
    inside = re.search(r'\bvalue="([^"]*)"', control.group())
    return unescape(control.group(2) if control.group(1) == "textarea" else inside.group(1) if inside else "")


def errors(response: Page, name: str) -> str:
    """What is said to be wrong at a field."""
    html = response.content.decode()
    found = re.search(rf'(?s)<(ul|div)[^>]* id="f-{re.escape(name.replace(".", "-"))}-error">(.*?)</\1>', html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found.group(2))).split()) if found else ""


def chosen(response: Page, name: str) -> list[str]:
    """What is chosen in a select, or checked among radios and boxes."""
    html = response.content.decode()
    select = re.search(rf'(?s)<select\b[^>]*\bname="{re.escape(name)}"[^>]*>(.*?)</select>', html)
    if select is not None:
        return re.findall(r'<option value="([^"]*)"[^>]* selected', select.group(1))
    boxes = re.findall(rf'<input\b[^>]*\bname="{re.escape(name)}"[^>]*>', html)
    return [re.findall(r'value="([^"]*)"', box)[0] for box in boxes if re.search(r"\bchecked\b", box)]
