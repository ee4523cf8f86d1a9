"""Reading pages as a person does: the text, a field's value, a field's error."""

import re
from html import unescape
from html.parser import HTMLParser
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


_SHOWN = {
    "number": r"-?\d+(\.\d+)?",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d(:\d\d(\.\d{1,3})?)?",
    "datetime-local": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?",
}
_KEEPS_ENDS = ("hidden", "checkbox", "radio")


def _held(kind: str, text: str) -> str:
    """What an input of this type makes of its value: one line, and nothing where it cannot show it."""
    line = text if kind in _KEEPS_ENDS else re.sub(r"[\r\n]", "", text)
    if kind in ("email", "url"):
        line = line.strip()
    if kind == "datetime-local":
        line = re.sub(r"(T\d\d:\d\d):00$", r"\1", re.sub(r"(\.\d*?)0+$", r"\1", line).rstrip("."))
    return line if kind not in _SHOWN or re.fullmatch(_SHOWN[kind], line) else ""


def _sent(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


class _Filled(HTMLParser):
    """Reads the one form of a page as a browser without scripts would send it."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self._aside = 0
        self._is_main = False
        self._select = self._area = ""
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: text or "" for name, text in attrs}
        self._is_main = self._is_main or tag == "main"
        self._aside += tag == "template"
        if not self._is_main or self._aside:
            return
        if tag == "select":
            self._select, self._options = given.get("name", ""), []
        elif tag == "option":
            self._options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self._area = given.get("name", "")
            self.pairs.append((self._area, ""))
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            kind = given.get("type", "text")
            self.pairs.append((given.get("name", ""), _held(kind, given.get("value", ""))))

    def handle_endtag(self, tag: str) -> None:
        self._aside -= tag == "template"
        if tag == "select" and self._select and self._options:
            chosen = [text for text, is_chosen in self._options if is_chosen]
            self.pairs.append((self._select, (chosen or [self._options[0][0]])[0]))
            self._select = ""
        elif tag == "textarea" and self._area:
            self.pairs[-1] = (self._area, self.pairs[-1][1].removeprefix("\n"))
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and not self._aside:
            self.pairs[-1] = (self._area, self.pairs[-1][1] + data)


def filled_in(html: str) -> dict[str, list[str]]:
    """What a form would send as it stands, by name; without the buttons."""
    reader = _Filled()
    reader.feed(re.sub(r"\r\n?", "\n", html))
    found: dict[str, list[str]] = {}
    for name, text_of in reader.pairs:
        if name:
            found.setdefault(name, []).append(_sent(text_of))
    return found


def filled(response: Page) -> dict[str, list[str]]:
    """What the form of a page would send as it stands."""
    return filled_in(response.content.decode())
