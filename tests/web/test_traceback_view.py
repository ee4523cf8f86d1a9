"""A traceback is parted into its frames, the reader's told apart from the library's."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tasks_app.web.traceback_view import has_own_code, split_trace


def raised(fail: Callable[[], Any]) -> Exception:
    """The exception that a call raises."""
    try:
        fail()
    except Exception as error:
        return error
    raise AssertionError("it went well")


def own() -> None:
    raise ValueError("no")


def theirs() -> None:
    json.loads("nonsense")


def together() -> None:
    raise ExceptionGroup("some went wrong", [raised(own), ExceptionGroup("deeper", [raised(theirs)])])


@pytest.mark.parametrize("fail", [own, theirs, together])
def test_each_frame_is_ours_or_theirs_also_in_groups(fail: Callable[[], Any]) -> None:
    text = "".join(traceback.format_exception(raised(fail)))
    parts = split_trace(text)
    frames = [part for part in parts if 'File "' in part.text]
    assert "\n".join(part.text for part in parts) == text.rstrip()
    assert len(frames) == text.count('File "')
    assert all("\n" in part.text for part in frames), "each with its line of code"
    assert [part.is_ours for part in frames] == [__file__ in part.text for part in frames]
    assert has_own_code(parts)
    assert has_own_code([part for part in parts if __file__ not in part.text]) is False
