"""What a Celery task logs, by Celery's task logger or by any other, goes to the log of its run."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tasks_app.handlers import LogLevel, RunContext

_TASKS = "celery.task"
_LEVELS: dict[int, LogLevel] = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warning"}


@contextmanager
def logs_to(ctx: RunContext) -> Iterator[None]:
    """Take what is logged meanwhile, from INFO on, into the run's log; what went elsewhere still goes there.

    The platform's own loggers speak of the platform, and threads that were there before have other work: neither is
    meant. The root logger is lowered to INFO for the time; its other handlers are kept from what that lets through.
    """
    root, tasks = logging.getLogger(), logging.getLogger(_TASKS)
    levels = root.level, tasks.level
    collector = _Collector(ctx)
    quiet = _WasQuiet(levels[0])
    others = list(root.handlers)
    for handler in others:
        handler.addFilter(quiet)
    root.addHandler(collector)
    root.setLevel(min(levels[0], logging.INFO))
    try:
        yield
    finally:
        root.removeHandler(collector)
        root.setLevel(levels[0])
        for handler in others:
            handler.removeFilter(quiet)


class _Collector(logging.Handler):
    """Puts records into the run's log."""

    def __init__(self, ctx: RunContext) -> None:
        super().__init__(logging.INFO)
        self._ctx = ctx
        mine = threading.get_ident()
        self._others = {thread.ident for thread in threading.enumerate()} - {mine}

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread in self._others or record.name.split(".")[0] in ("tasks_app", "notifications"):
            return
        try:
            self._ctx.log(self.format(record), _level(record.levelno))
        except Exception:  # as every logging handler: a line that cannot be written stops nobody
            self.handleError(record)


class _WasQuiet(logging.Filter):
    """Keeps back what the root logger's usual level would have kept back."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._level or _has_own_level(record.name)


def _has_own_level(name: str) -> bool:
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger.parent is not None:
        if logger.level:
            return True
        logger = logger.parent
    return False


def _level(number: int) -> LogLevel:
    return _LEVELS.get(number // 10 * 10, "error" if number > logging.WARNING else "debug")
