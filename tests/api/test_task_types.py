"""GET /api/task-types."""

from django.contrib.auth.models import User

from tasks_app.handlers import registry
from tests.api.client import Api, with_key


def test_each_type_says_what_it_takes(api: Api) -> None:
    body = api.get("task-types").body
    types = {one["name"]: one for one in body["results"]}
    assert set(types) >= {"export_report", "http_request"}
    assert list(types) == sorted(types)
    assert (body["count"], body["count_is_exact"], body["next"]) == (len(types), True, None)
    http = types["http_request"]
    assert http["schema"]["properties"]["url"]["format"] == "uri"
    assert http["schema"]["additionalProperties"] is False
    assert http["defaults"]["timeout_seconds"] == 30
    assert (http["queue"], http["sensitive"], http["can_schedule"]) == ("default", True, True)
    assert http["title"] == "HTTP request"
    assert http["description"]


def test_the_platforms_own_types_are_not_for_people(api: Api) -> None:
    internal = {spec.name for spec in registry.all() if spec.internal}
    assert internal
    assert not internal & {one["name"] for one in api.get("task-types").body["results"]}


def test_a_key_that_may_not_manage_may_not_schedule(alice: User) -> None:
    assert not any(one["can_schedule"] for one in with_key(alice, "run").get("task-types").body["results"])


def test_pages_and_strangers(api: Api, nobody: Api) -> None:
    first = api.get("task-types?page_size=1").body
    assert len(first["results"]) == 1
    assert "page=2" in first["next"]
    assert api.get("task-types?page=0").faults == {"page": ["out_of_range"]}
    assert nobody.get("task-types").status == 401
