"""Which of many words is spelt most like another: what difflib finds, without its work on words that cannot be it."""

import difflib
from collections.abc import Iterable

_NEARNESS = 0.75


class Spellings:
    """Words to compare with; a word is near when difflib's ratio of the two is 0.75 or more."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = [(word, len(word), _letters(word)) for word in words]

    def nearest(self, given: str) -> str:
        """Give the word that is spelt most like this one; an empty text where none is near."""
        length, letters = len(given), _letters(given)
        near = []
        for word, size, its in self._words:
            # Letters that the other does not have at all match nothing.
            most = min(length - (letters & ~its).bit_count(), size - (its & ~letters).bit_count())
            if 2 * most >= _NEARNESS * (length + size):
                near.append(word)
        found = difflib.get_close_matches(given, near, n=1, cutoff=_NEARNESS)
        return found[0] if found else ""


def _letters(word: str) -> int:
    """Give a bit for each of its letters; what lies apart in Unicode may share one, which only finds too much."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 127)
    return mask
