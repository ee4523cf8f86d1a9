"""The same outside world as for the kinds."""

from tests.kinds.conftest import mailbox, service

__all__ = ["mailbox", "service"]
