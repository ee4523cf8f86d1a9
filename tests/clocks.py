"""The database's clock in a test's hand.

SQLite's is the machine's, moved by time_machine. PostgreSQL's alone is moved there: a function of the same name stands
before the built-in one in the search path, so that no production code knows of it.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol

import time_machine
from django.db import connection

INSTALL = (
    "CREATE TABLE public.moved_clock (base timestamptz NOT NULL, set_at timestamptz NOT NULL, pace int NOT NULL)",
    "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
    " 'SELECT base + pace * (pg_catalog.clock_timestamp() - set_at) FROM public.moved_clock'",
    "INSERT INTO public.moved_clock SELECT pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), 1",
)
REMOVE = ("DROP FUNCTION public.clock_timestamp()", "DROP TABLE public.moved_clock")
SEARCH_PATH = "public, pg_catalog"


class Clock(Protocol):
    """What a test does with a clock."""

    def move_to(self, instant: datetime) -> None:
        """Let it be that instant."""


class DatabaseClock:
    """PostgreSQL's clock: it stands still, or goes on (`pace` 1) from where it was moved to."""

    def __init__(self, execute: Callable[..., Any], *, pace: int = 0) -> None:
        self._execute = execute
        self._pace = pace

    def move_to(self, instant: datetime) -> None:
        """Let it be that instant, for every connection."""
        changes = "base = %s, set_at = pg_catalog.clock_timestamp(), pace = %s"
        self._execute(f"UPDATE public.moved_clock SET {changes}", [instant, self._pace])


@contextlib.contextmanager
def stopped_at(instant: datetime) -> Iterator[Clock]:
    """Stop the clock of the test's database; it moves when it is moved."""
    if connection.vendor != "postgresql":
        with time_machine.travel(instant, tick=False) as travel:
            yield travel
        return
    with connection.cursor() as cursor:
        for statement in (*INSTALL, f"SET search_path = {SEARCH_PATH}"):
            cursor.execute(statement)
        clock = DatabaseClock(cursor.execute)
        clock.move_to(instant)
        yield clock
        for statement in ("RESET search_path", *REMOVE):
            cursor.execute(statement)
