"""Patterns of administrators: they mean what Python's mean, and never take long."""

import re
import time

import pytest

from tasks_app.services.patterns import BadPattern, Pattern

TEXTS = [
    "",
    "a",
    "aa",
    "ab",
    "abab",
    "b",
    "1",
    "1.2.3",
    "v1.20",
    "-1",
    "--since=2026-01-31",
    "--until=2026",
    "x y",
    "é",
]
TEXTS += [
    "12,13,14",
    "12,",
    "a\n",
    "\n",
    "_",
    "A-Z",
    "٣",
    "2026-01-31",
    "a-b",
    "\x00",
    "aaaaaaaab",
    "yes",
    "no",
    "nope",
]
PATTERNS = [
    "",
    ".*",
    "a+",
    "(a|b)+",
    "(ab){2}",
    "(?:ab){1,2}?",
    "(a|aa)*b",
    "((a*)*)*b?",
    r"v?\d+(\.\d+)*",
    r"-?\d+",
    r"--(since|until)=\d{4}(-\d\d-\d\d)?",
    r"\d+(,\d+)*",
    r"[^\W\d]+",
    r"[a-z]|[\d_]",
    r"\S+",
    r"\w\D?",
    "(yes|no|)",
    "^a$",
    r"\Aab?\Z",
    "a|^b$",
    "[^-]+",
    "[A-Za-z0-9_.-]+",
    "a{0,3}b{2,}|x.y",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_it_means_in_python(pattern: str) -> None:
    mine = Pattern(pattern)
    for text in TEXTS:
        expected = re.fullmatch(pattern.replace("$", r"\Z"), text) is not None
        assert mine.matches(text) is expected, (pattern, text)


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|aa)+", "(a*)*", "(a?){150}a{150}", "a*" * 60, "(.*,)*x", "([a-z]+)*[0-9]"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    mine = Pattern(pattern)
    started = time.process_time()
    assert not mine.matches("a" * 4095 + "!")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[",
        "*",
        "(?=a)b",
        "(?<!a)b",
        r"(a)\1",
        r"\ba",
        "(?i)a",
        "(?i:a)",
        "(?>a)",
        "a++",
        "(?P<x>a)(?(x)b|c)",
        "a{1000}",
        "((a{50}){50}){50}",
        "a{1,99999999999}",
        "(" * 300,
        "((((){600}){60000}){60000}){60000}",
    ],
)
def test_what_an_automaton_cannot_do_is_refused(pattern: str) -> None:
    if pattern.startswith("(((()"):
        Pattern(pattern)  # nothing, however often
        return
    with pytest.raises(BadPattern, match=r"^[A-Z].*\.$"):
        Pattern(pattern)


@pytest.mark.parametrize(("pattern", "expected"), [
    ("-x", True), ("-?[0-9]+", True), ("--(a|b)", True), ("[0-9]+|-[a-z]", True), ("^-{1,2}a", True),
    ("[-a]+", False), (".*", False), ("a-", False), ("", False), ("[^a]", False),
])  # fmt: skip
def test_a_dash_counts_where_it_is_spelled_out(pattern: str, expected: bool) -> None:
    assert Pattern(pattern).begins_with_dash is expected
