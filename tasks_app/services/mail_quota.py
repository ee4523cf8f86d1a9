"""How many mails a person's tasks may send in a day (UTC): one row per person and day, never past the cap."""

from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from tasks_app.models import MailCount, db_now


def mail_day() -> date:
    """Give the day, in UTC and by the database's clock, on which a mail of now is counted."""
    return db_now().date()


def mail_left(*, user_id: int, day: date) -> int:
    """Give how many mails the person's tasks may still send on that day."""
    count = MailCount.objects.filter(user_id=user_id, day=day).values_list("count", flat=True).first() or 0
    return max(0, settings.MAIL_DAILY_LIMIT - count)


def seconds_to_next_day() -> float:
    """Give the seconds until mails are counted anew."""
    now = db_now()
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return (midnight - now).total_seconds()


def mail_reserve(*, user_id: int, day: date, wanted: int) -> int:
    """Count up to `wanted` mails as handed over; give how many fit under the cap.

    The row stays locked until the surrounding transaction ends, so that runs side by side never count past the cap.
    """
    with transaction.atomic():
        MailCount.objects.get_or_create(user_id=user_id, day=day)
        row = MailCount.objects.select_for_update().get(user_id=user_id, day=day)
        granted = max(0, min(wanted, settings.MAIL_DAILY_LIMIT - row.count))
        MailCount.objects.filter(id=row.id).update(count=F("count") + granted)
    return granted


def mail_give_back(*, user_id: int, day: date, count: int) -> None:
    """Take back what was counted for mails that were not handed over."""
    MailCount.objects.filter(user_id=user_id, day=day, count__gte=count).update(count=F("count") - count)
