"""How the grammar says that it does not understand."""

from collections.abc import Mapping


class Refusal(Exception):
    """One thing wrong with a text.

    `better` holds what may have been meant, whole texts or schedule objects; the first of them that is understood
    becomes the suggestion. `timezone` is a zone that was named and that they leave out.
    """

    def __init__(
        self, code: str, message: str, position: int, *better: str | Mapping[str, object], timezone: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.position = position
        self.better = better
        self.timezone = timezone
