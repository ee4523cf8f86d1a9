"""What came of a side effect that is not done again: what the handler has kept, or the word of a person."""

from typing import Any

SAID = "It happened, as a person has found out; what came of it is not known here"


def remembered(result: Any) -> dict[str, Any]:
    """Give the result that was confirmed with the effect; where a person settled it, there is none."""
    return {"summary": SAID} if result is None else dict(result)
