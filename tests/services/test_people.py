"""What people choose for themselves."""

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Invalid
from tasks_app.models import Profile
from tasks_app.selectors.people import zone_of_person
from tasks_app.services.people import profile_update


def again(user: User) -> User:
    """The user as the next request reads them."""
    return User.objects.get(pk=user.pk)


def test_a_zone_is_chosen_changed_and_given_up(alice: User) -> None:
    assert zone_of_person(alice) == ""
    for name in ("Europe/Berlin", " Asia/Kolkata ", ""):
        profile_update(user=alice, timezone=name)
        assert zone_of_person(alice) == zone_of_person(again(alice)) == name.strip()


def test_what_is_no_zone_is_refused_with_the_nearest(alice: User) -> None:
    with pytest.raises(Invalid) as refused:
        profile_update(user=alice, timezone="europe/berlin")
    [fault] = refused.value.fields["timezone"]
    assert (fault.code, fault.suggestion) == ("timezone_unknown", "Europe/Berlin")
    assert not Profile.objects.exists()


def test_a_zone_that_has_gone_counts_as_none(alice: User) -> None:
    Profile.objects.create(user=alice, timezone="Mars/Olympus")
    assert zone_of_person(again(alice)) == ""
