"""Placeholders in mails: what they are, where they may stand, and that nothing else happens."""

import contextlib
import time

import pytest

from tasks_app.services.mail_text import MissingValues, TextFault, read_text


def shown(text: str, *, is_html: bool = False, **values: str) -> str:
    return read_text(text, is_html=is_html).render(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {name}", "Hello Ada"),
        ("{name}{name}", "AdaAda"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{Ada}"),
        ("a }} b {{ c", "a } b { c"),
        ("", ""),
        ("{_a1}", "x"),
    ],
)
def test_a_placeholder_is_a_name_in_braces(text: str, expected: str) -> None:
    assert shown(text, name="Ada", _a1="x") == expected


@pytest.mark.parametrize(
    "wrong",
    [
        "{name.__class__}",
        "{name[0]}",
        "{name!r}",
        "{name:>1000000000}",
        "{}",
        "{0}",
        "{ name }",
        "{% load x %}",
        "{na",
        "na}",
        "{a{b}}",
        "{ü}",
        "{" + "a" * 51 + "}",
        "${settings.SECRET_KEY}",
    ],
)
def test_anything_else_in_braces_is_refused(wrong: str) -> None:
    with pytest.raises(TextFault, match="Line 2, column"):
        read_text(f"first line\n{wrong}")


def test_the_fault_is_shown_at_its_place() -> None:
    with pytest.raises(TextFault, match=r"^Line 2, column 4: “{b c}” is no placeholder"):
        read_text("{a}\nxy {b c}")


def test_values_are_not_read_again() -> None:
    assert shown("{a}", a="{b}{{", b="secret") == "{b}{{"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(MissingValues) as raised:
        shown("{b} {a} {b} {c}", c="1")
    assert raised.value.names == ["a", "b"]


def test_html_escapes_values_and_text_does_not() -> None:
    evil = "<script>alert('1')</script>&\""
    assert shown("{x}", x=evil) == evil
    assert shown("<p>{x}</p>", is_html=True, x=evil) == (
        "<p>&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&amp;&quot;</p>"
    )


@pytest.mark.parametrize(
    "good",
    [
        "<title>{x}</title>",
        '<a href="https://example.org/?q={x}">{x}</a>',
        "<p title='{x}'>1 < 2 {x}</p>",
        '<td width=3 class="a"\n title = "to {x}">',
        "<style>p {{ color: red }}</style>{x}",
        "a > b {x}",
    ],
)
def test_in_html_a_value_stands_in_text_or_in_quotes(good: str) -> None:
    assert "&lt;b" in shown(good, is_html=True, x="<b onclick=y>")


@pytest.mark.parametrize(
    "bad",
    [
        "<a href={x}>",
        "<p {x}>",
        "<{x}>",
        "</{x}>",
        "<p {x}='a'>",
        "<p title='a'{x}>",
        "<p style='color: {x}'>",
        "<p onclick=\"f('{x}')\">",
        "<script>{x}</script>",
        "<SCRIPT>var a = '{x}'",
        "<style>p {{ color: {x} }}</style>",
        "<!-- {x} -->",
        "<iframe srcdoc='{x}'>",
        "<p title='{x}",
        "<p title=\"a' {x} '\" {x}>",
    ],
)
def test_in_html_a_value_stands_nowhere_else(bad: str) -> None:
    with pytest.raises(TextFault, match=r"{x}"):
        read_text(bad, is_html=True)


@pytest.mark.parametrize("attribute", ["href", "src", "HREF", "background"])
def test_a_link_that_begins_with_a_value_is_a_web_or_mail_address(attribute: str) -> None:
    text = read_text(f'<a {attribute}="{{url}}">x</a>', is_html=True)
    assert text.render({"url": 'https://example.org/"'}) == f'<a {attribute}="https://example.org/&quot;">x</a>'
    for evil in ("javascript:alert(1)", " javascript:x", "data:text/html,x", "vbscript:x", "//example.org", ""):
        with pytest.raises(TextFault, match="a link begins"):
            text.render({"url": evil})


def test_a_small_text_does_not_grow_without_end() -> None:
    with pytest.raises(TextFault, match="1,000,000"):
        shown("{x}" * 300, x="y" * 5000)


@pytest.mark.parametrize(
    "part", ['<a"', "<a ", "<p a", "a=", "<!--", "<style", "<a '", '<a b="', "{x}", '<a b="{x}" ', "{"]
)
def test_no_text_takes_long_to_read(part: str) -> None:
    started = time.process_time()
    for text in (part * (100_000 // len(part)), "<a " + part * (100_000 // len(part))):
        with contextlib.suppress(TextFault):
            read_text(text, is_html=True)
    assert time.process_time() - started < 2
