"""When a wish to stop may be raised in a handler: not while a transaction ends, whose session it would spoil.

Django, whose commit is left in the middle, raises an error of the database in its place; and what has been committed by
then is not told. Nor while it is written down how an effect has ended, which somebody would have to find out otherwise.
"""

from types import FrameType

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic

from tasks_app.services.execution.effects import Handle

_WHOLE = {Atomic.__exit__.__code__, Handle._settle.__code__}
_HOOKS = BaseDatabaseWrapper.run_and_clear_commit_hooks.__code__
"""What follows a commit is the handler's again, and may take long."""


def may_interrupt(frame: FrameType | None) -> bool:
    """Say whether what is at work in this frame may be left in the middle."""
    while frame is not None and frame.f_code is not _HOOKS:
        if frame.f_code in _WHOLE:
            return False
        frame = frame.f_back
    return True
