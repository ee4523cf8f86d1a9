"""How long runs are kept after they have ended: what is older has gone, while its figures stay."""

from datetime import datetime, timedelta

from django.conf import settings

from tasks_app.selectors.rollups import Ended
from tasks_app.web.words import plural


def kept_for() -> str:
    """Say how long: "30 days after they have ended", or between which numbers."""
    days = settings.RETENTION_DAYS_BY_STATUS.values()
    least, most = min(days), max(days)
    span = f"{plural(most, 'day')} after they have ended"
    return span if least == most else f"{least} to {span}, depending on how"


def are_gone(before: datetime, now: datetime) -> bool:
    """No run is left that ended before an instant."""
    return before <= now - timedelta(days=max(settings.RETENTION_DAYS_BY_STATUS.values()))


def may_be_left(ended: Ended, before: datetime, now: datetime) -> bool:
    """Of the runs that ended before an instant some may be there still, to judge by how they ended."""
    kept = settings.RETENTION_DAYS_BY_STATUS.items()
    return any(getattr(ended, status) and before > now - timedelta(days=days) for status, days in kept)
