"""GET and PATCH /api/me: the caller's own time zone, and what follows from it."""

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Profile
from tests.api.client import Api, with_key
from tests.api.conftest import TASK, make

DAILY = {"kind": "daily", "time": "09:00"}


def test_a_zone_is_chosen_and_given_up(api: Api) -> None:
    assert api.get("me").body["timezone"] is None
    for zone in ("Asia/Kolkata", None):
        assert api.patch("me", {"timezone": zone}).body["timezone"] == zone
        assert api.get("me").body["timezone"] == zone
    assert api.patch("me", {"timezone": "Asia/Kolkata"}).status == 200
    assert api.patch("me", {}).body["timezone"] == "Asia/Kolkata"


def test_what_is_no_zone_is_refused_with_the_nearest(api: Api) -> None:
    reply = api.patch("me", {"timezone": "berlin"})
    assert reply.status == 400
    [fault] = reply.body["error"]["fields"]["timezone"]
    assert (fault["code"], fault["suggestion"]) == ("timezone_unknown", "Europe/Berlin")
    assert api.patch("me", {"zone": "UTC"}).faults == {"zone": ["unknown_field"]}
    assert not Profile.objects.exists()


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("run", 403), ("manage", 200)])
def test_a_key_needs_its_scope(alice: User, scope: str, status: int) -> None:
    assert with_key(alice, scope).patch("me", {"timezone": "Europe/Paris"}).status == status


def test_strangers_must_sign_in_and_each_has_their_own(nobody: Api, api: Api, stranger: Api) -> None:
    assert nobody.patch("me", {"timezone": "UTC"}).status == 401
    api.patch("me", {"timezone": "Europe/Berlin"})
    assert stranger.get("me").body["timezone"] is None


def test_new_tasks_are_planned_in_it_unless_they_say_otherwise(api: Api) -> None:
    assert make(api, schedule=DAILY)["timezone"] == "UTC"
    api.patch("me", {"timezone": "Asia/Kolkata"})
    assert make(api, schedule=DAILY, starts_at="2031-01-01T00:00")["starts_at"] == "2030-12-31T18:30:00Z"
    task = make(api, schedule=DAILY, timezone="Europe/Paris")
    assert task["timezone"] == "Europe/Paris"
    assert api.patch(f"tasks/{task['id']}", {"name": "Other"}).body["timezone"] == "Europe/Paris"
    made = api.put("tasks/by-key/nightly", {**TASK, "schedule": DAILY}).body
    assert made["timezone"] == "Asia/Kolkata"
    seen = api.post("schedule/preview", {"schedule": DAILY, "after": "2031-01-01T00:00:00Z"}).body
    assert seen["next"][0] == "2031-01-01T03:30:00Z"


def test_examples_are_told_in_it(api: Api) -> None:
    api.patch("me", {"timezone": "Asia/Kolkata"})
    said = [one["schedule_text"] for one in api.get("catalogue").body["results"]]
    assert any("Kolkata time" in text for text in said)
    assert not any("UTC" in text for text in said)
