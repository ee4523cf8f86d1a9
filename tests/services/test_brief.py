"""Answers that took long are kept for a while; what was found quickly is asked for each time."""

import pytest

from tasks_app.selectors import brief


def kept(monkeypatch: pytest.MonkeyPatch, *, slow: float = 0, seconds: float = 60, most: int = 2) -> brief.Brief[int]:
    monkeypatch.setattr(brief, "SLOW", slow)
    return brief.Brief(seconds=seconds, most=most)


def test_a_slow_answer_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, found = iter(range(9)), kept(monkeypatch)
    assert [found.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 0, 0]
    assert found.get("b", lambda: next(numbers)) == 1


def test_a_quick_answer_is_found_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, found = iter(range(9)), kept(monkeypatch, slow=60)
    assert [found.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_an_answer_is_not_kept_longer_than_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, found = iter(range(9)), kept(monkeypatch, seconds=0)
    assert [found.get("a", lambda: next(numbers)) for _ in range(2)] == [0, 1]


def test_the_oldest_answers_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, found = iter(range(9)), kept(monkeypatch)
    assert [found.get(key, lambda: next(numbers)) for key in "abcbca"] == [0, 1, 2, 1, 2, 3]
