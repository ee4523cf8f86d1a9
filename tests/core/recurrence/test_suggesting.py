"""Suggestions for what is refused: the work that they may cost, and what they find for it."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.recurrence import ScheduleError, build, zone_names
from tasks_app.recurrence.spelling import Spellings
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.tries import Tries
from tests.core.recurrence.steps import steps_of

WORDS = words.SPELLINGS
ZONES = sorted(name.casefold() for name in zone_names())
MOST_TO_COMPARE = 5_000


@pytest.mark.parametrize("known", [WORDS, ZONES], ids=["words", "zones"])
@given(data=st.data())
def test_the_nearest_spelling_is_what_difflib_finds(known: list[str], data: st.DataObject) -> None:
    word = list(data.draw(st.sampled_from(known)))
    for _ in range(data.draw(st.integers(0, 3))):
        word[data.draw(st.integers(0, len(word) - 1))] = data.draw(st.sampled_from("aeiorstny/\u00e9"))
    expected = difflib.get_close_matches("".join(word), known, n=1, cutoff=0.75)
    assert Spellings(known).nearest("".join(word)) == (expected[0] if expected else "")


@pytest.mark.parametrize("word", ["qwertyuiop", "twentyfuorth", "wendesdya", "x" * 20])
def test_a_misspelt_word_is_compared_with_few(word: str) -> None:
    spellings = Spellings(WORDS)
    assert steps_of(lambda: spellings.nearest(word)) < MOST_TO_COMPARE


def counted(tried: list[str], *, accepts: str = "") -> Tries:
    """Give tries that note what is read, and whose every refusal suggests two longer texts."""

    def read(text: str) -> None:
        tried.append(text)
        if text != accepts:
            raise Refusal("text_word", "no", 0, f"{text}a", f"{text}b")

    return Tries(read)


@pytest.mark.parametrize("length", [5, 60, 100, 200])
def test_what_is_read_for_suggestions_is_bounded_by_its_characters(length: int) -> None:
    tried: list[str] = []
    tries = counted(tried)
    for letter in "abcdefgh":
        assert tries.first_understood([letter * length, letter.upper() * length]) is None
    assert tried
    assert sum(map(len, tried)) <= max(240, length)


def test_a_text_is_read_once_however_often_it_is_suggested() -> None:
    tried: list[str] = []
    tries = counted(tried, accepts="yes")
    assert [tries.first_understood(["yes"]) for _ in range(5)] == ["yes"] * 5
    assert tried == ["yes"]


@pytest.mark.parametrize("text", ["alle 5 minuten", "jeden tag um 9", "tous les jours at 9", "ogni monday at 9"])
def test_words_of_another_language_are_not_taken_for_misspelt_ones(text: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        build({"kind": "text", "text": text}, "UTC")
    [problem] = refused.value.problems["text"]
    assert problem.suggestion is None
    assert "did you mean" not in problem.message


@pytest.mark.parametrize("text", ["*", "* *", "* * *", "* * * *", "? * * *"])
def test_what_is_too_short_never_becomes_every_minute(text: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        build({"kind": "cron", "expression": text}, "UTC")
    assert refused.value.problems["expression"][0].suggestion == "0 * * * *"


def test_several_misspelt_words_are_put_right_at_once() -> None:
    with pytest.raises(ScheduleError) as refused:
        build({"kind": "text", "text": "evry wekday and sunady ta nnoon"}, "UTC")
    assert refused.value.problems["text"][0].suggestion == "every weekday and sunday at noon"
