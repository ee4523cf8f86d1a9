"""The cap of mails in a day: exact, also for runs side by side."""

import threading
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from tasks_app.models import MailCount, db_now
from tasks_app.services.mail_quota import mail_day, mail_give_back, mail_left, mail_reserve, seconds_to_next_day

DAY = date(2026, 11, 22)


def count(user: User) -> int:
    return MailCount.objects.get(user=user, day=DAY).count


@pytest.mark.django_db
def test_no_more_is_granted_than_the_cap_has_room_for(alice: User, charlie: User, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 10
    assert mail_left(user_id=alice.pk, day=DAY) == 10
    assert [mail_reserve(user_id=alice.pk, day=DAY, wanted=4) for _ in range(4)] == [4, 4, 2, 0]
    assert mail_left(user_id=alice.pk, day=DAY) == 0
    assert mail_reserve(user_id=charlie.pk, day=DAY, wanted=4) == 4, "each person has a cap of their own"
    assert mail_reserve(user_id=alice.pk, day=DAY + timedelta(days=1), wanted=4) == 4, "each day has its own"


@pytest.mark.django_db
def test_what_was_not_handed_over_is_given_back_and_never_more(alice: User, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 10
    mail_reserve(user_id=alice.pk, day=DAY, wanted=4)
    mail_give_back(user_id=alice.pk, day=DAY, count=3)
    assert count(alice) == 1
    mail_give_back(user_id=alice.pk, day=DAY, count=3)
    assert count(alice) == 1


@pytest.mark.django_db
def test_a_limit_that_is_lowered_grants_nothing_and_takes_nothing(alice: User, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 10
    mail_reserve(user_id=alice.pk, day=DAY, wanted=9)
    settings.MAIL_DAILY_LIMIT = 5
    assert mail_reserve(user_id=alice.pk, day=DAY, wanted=1) == 0
    assert mail_left(user_id=alice.pk, day=DAY) == 0
    assert count(alice) == 9


@pytest.mark.django_db
def test_the_day_is_the_databases_and_in_utc() -> None:
    now = db_now()
    assert mail_day() in (now.date(), (now + timedelta(seconds=5)).date())
    seconds = seconds_to_next_day()
    assert 0 < seconds <= 86_400
    just_before, just_after = (now + timedelta(seconds=seconds + more) for more in (-5, 5))
    assert just_after.date() == just_before.date() + timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_runs_side_by_side_never_go_past_the_cap(alice: User, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 50
    granted: list[int] = []

    def take() -> None:
        try:
            granted.extend(mail_reserve(user_id=alice.pk, day=DAY, wanted=3) for _ in range(8))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 32
    assert sum(granted) == count(alice) == 50
