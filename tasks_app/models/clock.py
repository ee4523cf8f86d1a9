"""The database's clock, which alone decides what is due and whose lease has ended."""

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone


def db_now() -> datetime:
    """Read the database's clock once, as an aware instant in UTC.

    SQLite has no clock of its own: there the machine's is the database's.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment.astimezone(UTC)
