"""The base class for payloads that want more than a plain pydantic model gives."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """A payload that refuses unknown fields and may check what fields alone can't say.

    A plain `BaseModel` works as well and is held to the same rules by the registry. Used bare, this is the payload of a
    type that takes none.
    """

    model_config = ConfigDict(extra="forbid")

    def check(self) -> None:
        """Raise `Invalid` for what depends on several fields or on the platform; its paths start at the payload.

        Called when a task is saved and again before each run.
        """

    def check_owner(self, owner: Any) -> None:
        """Raise `Invalid` for what `owner`, the user on whose behalf this is to run, has not or may not.

        Called after `check`, at the same moments. None is the platform itself, which may do everything.
        """

    def check_editor(self, editor: Any, before: Mapping[str, Any]) -> None:
        """Raise `Invalid` unless `editor`, to whom somebody else's task is shared, may have it say this.

        As long as nothing else is said, that is what they could have a task of their own say: the run acts for its
        owner, and nobody borrows that. `before` is what it said so far, {} for a task of another type.
        """
        self.check_owner(editor)
