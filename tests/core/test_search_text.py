"""The grammar of the search boxes."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks_app.selectors.search_completion import complete
from tasks_app.selectors.search_moments import Between, between, is_moment
from tasks_app.selectors.search_text import (
    Choice,
    Choices,
    Qualifier,
    Term,
    Word,
    parts,
    quoted,
    read,
    tokens,
    written,
)

KNOWN = [
    Qualifier(
        name="status",
        says="The state",
        choices=lambda: Choices([Choice("active", "planned"), Choice("paused"), Choice("failed")]),
    ),
    Qualifier(name="tag", says="A tag", choices=lambda: Choices([Choice("red"), Choice("dark blue")], is_whole=False)),
    Qualifier(name="due", says="When", choices=lambda: Choices([Choice("today")]), reads=is_moment, takes="a span"),
]


@pytest.mark.parametrize(
    ("text", "words", "terms"),
    [
        ("", [], []),
        ('  nightly "two words" ', [Word("nightly"), Word("two words")], []),
        ("-old", [Word("old", is_not=True)], []),
        ("a - b", [Word("a"), Word("-"), Word("b")], []),
        ("status:PAUSED", [], [Term("status", ("paused",))]),
        ("Status:paused,failed x", [Word("x")], [Term("status", ("paused", "failed"))]),
        ("-status:paused", [], [Term("status", ("paused",), is_not=True)]),
        ('tag:"Dark Blue",new', [], [Term("tag", ("dark blue", "new"))]),
        ('tag:"a,b"', [], [Term("tag", ("a,b",))]),
        ("tag:a tag:b", [], [Term("tag", ("a",)), Term("tag", ("b",))]),
        ("https://example.org/x:y 12:30", [Word("https://example.org/x:y"), Word("12:30")], []),
        ('"status:failed"', [Word("status:failed")], []),
        ('tag:"never closed', [], [Term("tag", ("never closed",))]),
        ("due:<1h", [], [Term("due", ("<1h",))]),
        ("status:paused,", [], [Term("status", ("paused",))]),
    ],
)
def test_a_text_is_read(text: str, words: list[Word], terms: list[Term]) -> None:
    found = read(text, KNOWN)
    assert (list(found.words), list(found.terms), found.faults) == (words, terms, ())


@pytest.mark.parametrize(
    ("text", "said", "better"),
    [
        ("x -statsu:paused", "There is no filter “statsu:”.", "x -status:paused"),
        ("status:pausd y", "“status:” knows no “pausd”.", "status:paused y"),
        ("status:active,pausd", "“status:” knows no “pausd”.", "status:active,paused"),
        ("status:zzz", "“status:” knows no “zzz”. It can be active, paused, failed.", ""),
        ("status:", "“status:” has no value. It can be active, paused, failed.", ""),
        ("due:soonish", "“due:” knows no “soonish”. It can be today or a span.", ""),
        ("sync:all z", "There is no filter “sync:”. In quotes, it is looked for as it stands.", '"sync:all" z'),
    ],
)
def test_what_is_not_understood_is_said_with_what_was_meant(text: str, said: str, better: str) -> None:
    [fault] = read(text, KNOWN).faults
    assert (fault.said, fault.better) == (said, better)
    if better:
        assert read(better, KNOWN).faults == ()


def options(text: str, cursor: int | None = None) -> list[str]:
    """What the box offers at the cursor."""
    return [one.insert for one in complete(text, len(text) if cursor is None else cursor, KNOWN).options]


def test_the_box_offers_qualifiers_and_then_their_values() -> None:
    assert options("") == ["status:", "tag:", "due:"]
    assert options("-st") == ["-status:"]
    assert options("status:") == ["active", "paused", "failed"]
    assert options("status:active,p") == ["paused", "active"]
    assert options("tag:bl") == ['"dark blue"']
    assert options("status:plan") == ["active"]
    assert options('"st') == []
    assert options("nobody:x") == []
    assert options("sta more", 3) == ["status:"]


def test_a_choice_replaces_what_has_been_begun() -> None:
    found = complete("a status:active,pa b", 18, KNOWN)
    text = "a status:active,pa b"
    assert text[found.start : found.end] == "pa"


def test_each_part_can_be_dropped() -> None:
    assert parts('a status:x "b c"') == [
        ("a", 'status:x "b c"'),
        ("status:x", 'a "b c"'),
        ('"b c"', "a status:x"),
    ]


@given(st.text(alphabet=st.sampled_from('ab:,"- \t\0<ſİ1stagdue/')) | st.text(), st.integers(-5, 600))
def test_no_text_is_too_strange(text: str, cursor: int) -> None:
    found = read(text, KNOWN)
    assert all(term.values for term in found.terms)
    completion = complete(text, cursor, KNOWN)
    assert 0 <= completion.start <= completion.end <= len(text)
    assert all(len(left) <= len(text) for _, left in parts(text))
    seen = [piece for token in tokens(text) for piece in token.pieces]
    assert all(one.start <= one.end <= two.start for one, two in pairwise(seen))


@given(st.text(min_size=1, max_size=40).filter(lambda value: '"' not in value and value.strip()))
@example("//").via("an address that the qualifier would stand before")
def test_what_is_written_is_read_as_the_same(value: str) -> None:
    assert read(written("tag", value, is_not=True), KNOWN).terms == (
        Term(
            "tag",
            ("dark blue" if value.casefold() == "dark blue" else "red" if value.casefold() == "red" else value,),
            True,
        ),
    )
    assert quoted(value)


NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of that March."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<1h", Between(None, at(11, 0, 30))),
        ("30min", Between(None, at(11, 0))),
        (">1d", Between(at(11, 23, 30), None)),
        ("today", Between(at(10, 23), at(11, 23))),
        ("Yesterday", Between(at(9, 23), at(10, 23))),
        ("2026-03-01", Between(datetime(2026, 2, 28, 23, tzinfo=UTC), at(1, 23))),
        ("<2026-03-01", Between(None, datetime(2026, 2, 28, 23, tzinfo=UTC))),
        (">2026-03-01", Between(at(1, 23), None)),
        ("2026-02-30", None),
        ("9999-12-31", None),
        ("soon", None),
        ("١h", None),
    ],
)
def test_moments_are_read_in_the_readers_zone(text: str, expected: Between | None) -> None:
    assert between(text, now=NOW, zone=BERLIN) == expected


def test_spans_reach_back_in_lists_of_what_was() -> None:
    assert between("<1h", now=NOW, zone=UTC, is_ahead=False) == Between(at(10, 22, 30), None)
    assert between(">1h", now=NOW, zone=UTC, is_ahead=False) == Between(None, at(10, 22, 30))


@given(st.text() | st.from_regex(r"[<>]?\d{1,5}(m|h|d|w)", fullmatch=True))
def test_no_moment_is_too_strange(text: str) -> None:
    found = between(text, now=NOW, zone=BERLIN)
    assert found is None or found.start or found.end
