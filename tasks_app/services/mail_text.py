"""The text of mails with named placeholders: `{name}` and nothing else. No code, no attributes, no formats.

A brace that is meant as one is doubled. In HTML a value is escaped, stands only where it can't become markup, and where
a link begins it must be a web or mail address.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

MOST_RENDERED = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,49}")
_PIECES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_LINK_ATTRIBUTES = frozenset({"href", "src", "action", "background", "formaction", "poster", "cite"})
# Each alternative reaches the end of the text at worst, so that a search is one walk through it.
_MARKUP = re.compile(
    r"(?P<comment><!--.*?(?:-->|\Z))"
    r"|(?P<raw><(?P<element>style|script)\b.*?(?:</(?P=element)\b|\Z))"
    r"|(?P<tag><[A-Za-z/!?\ue000](?:[^\"'>]|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))*+(?:>|\Z))",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(?<![^\s\"'<>/=])([^\s=\"'<>/]++)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)')")
_MARK = "\ue000"


class TextFault(ValueError):
    """A text that can't be used, with a sentence that says where and why."""


class MissingValues(ValueError):
    """Some placeholders have no value."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"No value for {', '.join(names)}")
        self.names = names


@dataclass(frozen=True)
class MailText:
    """A text that has been read: literal pieces and placeholders in turn."""

    pieces: tuple[tuple[str, bool], ...]
    is_html: bool = False
    links: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The placeholders in it."""
        return frozenset(text for text, is_name in self.pieces if is_name)

    def render(self, values: Mapping[str, str]) -> str:
        """Put the values in; raise MissingValues, or TextFault for a value that has no place here."""
        missing = sorted(self.names - values.keys())
        if missing:
            raise MissingValues(missing)
        for name in self.links:
            if not _LINK.match(values[name]):
                raise TextFault(f"The value of {name} stands where a link begins, so it must begin with https://.")
        parts = [self._shown(values[text]) if is_name else text for text, is_name in self.pieces]
        if sum(map(len, parts)) > MOST_RENDERED:
            raise TextFault(f"With its values it has more than {MOST_RENDERED:,} characters.")
        return "".join(parts)

    def _shown(self, value: str) -> str:
        return html.escape(value, quote=True) if self.is_html else value


def is_one_line(text: str) -> bool:
    """Say whether nothing in it ends a line; unlike `isprintable`, this takes every kind of blank and sign."""
    return not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text)


@lru_cache(maxsize=64)
def read_text(text: str, *, is_html: bool = False) -> MailText:
    """Read a text; raise TextFault, with the line and column, for braces that mean nothing here."""
    pieces = tuple(_pieces(text))
    links = _check_places(pieces) if is_html else frozenset()
    return MailText(pieces, is_html, links)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    for match in _PIECES.finditer(text):
        found, name = match.group(), match.group(1)
        if found in ("{{", "}}"):
            yield found[0], False
        elif name is not None:
            if not _NAME.fullmatch(name):
                raise TextFault(_fault(text, match.start(), f"{{{name[:40]}}}"))
            yield name, True
        elif found in "{}":
            raise TextFault(_fault(text, match.start(), found))
        else:
            yield found, False


def _fault(text: str, position: int, found: str) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return (
        f"Line {line}, column {column}: “{found}” is no placeholder. "
        "One is {name}, of letters, digits and _; a brace itself is written twice."
    )


def _check_places(pieces: tuple[tuple[str, bool], ...]) -> frozenset[str]:
    """Find where in the markup the placeholders stand; give those at which a link begins."""
    names = [text for text, is_name in pieces if is_name]
    markup = "".join(_MARK if is_name else text.replace(_MARK, " ") for text, is_name in pieces)
    links: set[str] = set()
    for match in _MARKUP.finditer(markup):
        inside = match.group()
        if _MARK not in inside:
            continue
        first = markup.count(_MARK, 0, match.start())
        if match.group("tag") is None:
            raise TextFault(
                f"{{{names[first]}}} stands inside a comment, style, script or title, where no value is safe."
            )
        links |= _in_tag(inside, names[first:])
    return frozenset(links)


def _in_tag(tag: str, names: list[str]) -> set[str]:
    """A value in a tag is safe only inside the quotes of an ordinary attribute."""
    links: set[str] = set()
    quoted = 0
    for match in _ATTRIBUTE.finditer(tag):
        attribute, value = match.group(1).lower(), match.group(2) or match.group(3) or ""
        if _MARK not in value:
            continue
        name = names[tag.count(_MARK, 0, match.start())]
        if attribute in ("style", "srcdoc") or attribute.startswith("on") or _MARK in attribute:
            raise TextFault(f"{{{name}}} stands in the attribute {attribute[:40]}, where no value is safe.")
        if attribute in _LINK_ATTRIBUTES and value.lstrip().startswith(_MARK):
            links.add(name)
        quoted += value.count(_MARK)
    if quoted != tag.count(_MARK):
        raise TextFault(f"{{{names[0]}}} stands inside a tag; put the attribute's value into quotes.")
    return links
