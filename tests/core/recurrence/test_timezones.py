"""Time zone names: which are known, what is suggested for the others, and where the rules come from."""

import zoneinfo
from datetime import datetime
from importlib import resources

import pytest

from tasks_app.recurrence import ScheduleError, check_timezone, parse, zone_names
from tasks_app.recurrence.zone_list import listed_zones
from tasks_app.recurrence.zone_words import BY_OFFSET, CITIES, ZONES
from tasks_app.recurrence.zones import load_zone


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "Europe/Kiev", "Etc/GMT+12", "America/Argentina/Buenos_Aires"]
)
def test_known_names_are_given_back(name: str) -> None:
    assert check_timezone(name) == name


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
        ("Z", "UTC"),
        ("utc+3", "Etc/GMT-3"),
        ("+03:00", "Etc/GMT-3"),
        ("GMT-5", "Etc/GMT+5"),
        ("Munich", "Europe/Berlin"),
        ("Frankfurt", "Europe/Berlin"),
        ("San Francisco", "America/Los_Angeles"),
        ("Beijing", "Asia/Shanghai"),
        ("Mumbai", "Asia/Kolkata"),
        ("st. petersburg", "Europe/Moscow"),
        ("PST", "America/Los_Angeles"),
        ("CST", "America/Chicago"),
        ("Eastern Time", "America/New_York"),
        ("GMT+25", None),
        ("Mars/Phobos", None),
        ("../../etc/passwd", None),
        ("/etc/passwd", None),
        ("Factory", None),
        ("posix/Europe/Berlin", "Europe/Berlin"),
        ("Europe/Berlin\x00", "Europe/Berlin"),
        ("x" * 10_000, None),
        ("", None),
        (None, None),
        (5, None),
        (["UTC"], None),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: object, suggestion: str | None) -> None:
    with pytest.raises(ScheduleError) as refused:
        check_timezone(name)
    problem = refused.value.problems["timezone"][0]
    assert problem.code == "timezone_unknown"
    assert problem.suggestion == suggestion
    assert len(problem.message) < 120
    with pytest.raises(ScheduleError):
        parse("0 9 * * *", name)  # type: ignore[arg-type]  # the point of some of these tests


def test_an_offset_is_answered_with_the_places_that_may_be_meant() -> None:
    with pytest.raises(ScheduleError) as refused:
        check_timezone("UTC+2")
    problem = refused.value.problems["timezone"][0]
    assert "an offset keeps no summer time: name a place, such as Europe/Helsinki" in problem.message
    assert problem.also == ("Europe/Helsinki", "Africa/Johannesburg")
    assert {*problem.also, problem.suggestion} <= zone_names()


def test_every_city_leads_to_a_zone_that_exists() -> None:
    assert {*CITIES.values(), *ZONES.values()} | {
        place for places in BY_OFFSET.values() for place in places
    } <= zone_names()


def test_every_name_can_be_loaded() -> None:
    for name in zone_names():
        assert load_zone(name).utcoffset(datetime(2026, 1, 1)) is not None


def test_the_rules_come_from_the_package_and_not_from_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    zoneinfo.reset_tzpath(to=["/nonexistent"])
    try:
        load_zone.cache_clear()
        with resources.files("tzdata").joinpath("zoneinfo", "America", "Havana").open("rb") as source:
            packaged = zoneinfo.ZoneInfo.from_file(source)
        moments = [datetime(year, month, 15) for year in range(2000, 2037) for month in range(1, 13)]
        ours = load_zone("America/Havana")
        assert [ours.utcoffset(moment) for moment in moments] == [packaged.utcoffset(moment) for moment in moments]
    finally:
        load_zone.cache_clear()
        zoneinfo.reset_tzpath(to=())


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("PST", "America/Los_Angeles"),
        ("Pacific time", "America/Los_Angeles"),
        ("eastern standard time", "America/New_York"),
        ("MEZ", "Europe/Berlin"),
        ("CEST", "Europe/Berlin"),
        ("bst", "Europe/London"),
        ("IST", "Asia/Kolkata"),
        ("JST", "Asia/Tokyo"),
    ],
)
def test_what_people_call_a_zone_leads_to_it(name: str, zone: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        check_timezone(name)
    assert refused.value.problems["timezone"][0].suggestion == zone


def test_every_zone_that_is_suggested_for_a_name_exists() -> None:
    assert set(ZONES.values()) <= zone_names()


def test_the_list_has_each_place_once_and_only_names_that_exist() -> None:
    names = [zone.name for zone in listed_zones()]
    assert names[0] == "UTC"
    assert len(names) == len(set(names)) > 400
    assert set(names) <= zone_names()
    assert not {name for name in names if name.startswith(("US/", "Etc/", "SystemV/", "Brazil/"))}
    assert all(zone.country for zone in listed_zones() if zone.name != "UTC")


@pytest.mark.parametrize(
    ("name", "zone"), [("Austria", "Europe/Vienna"), ("kenya", "Africa/Nairobi"), ("Germany", "Europe/Berlin")]
)
def test_a_country_leads_to_its_one_zone(name: str, zone: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        check_timezone(name)
    assert refused.value.problems["timezone"][0].suggestion == zone


def test_a_country_with_several_zones_is_not_guessed() -> None:
    with pytest.raises(ScheduleError) as refused:
        check_timezone("Brazil")
    assert refused.value.problems["timezone"][0].suggestion is None
