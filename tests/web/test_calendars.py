"""Calendars under Settings: made, seen as a year, filled from files, shared, kept by tasks and removed."""

import re
from datetime import date
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.services.calendars import calendar_create
from tasks_app.web.calendar_words import holds
from tasks_app.web.calendar_year import draw_year
from tests.web.conftest import MakeTask
from tests.web.reading import chosen, errors, text, value

BASE = "/settings/calendars/"
TYPED: dict[str, Any] = {
    "name": "Office",
    "description": "Munich",
    "weekend": ["sat", "sun"],
    "country": "DE",
    "_country": "DE",
    "subdivision": "BY",
    "days": "12-24 Christmas Eve\r\n\r\n2027-05-07: Bridge day\r\n2027-05-28",
}
YEAR = timezone.localdate().year + 1
ICAL = (
    f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:{YEAR}0802\nDTEND:{YEAR}0804\nSUMMARY:Works holiday\nEND:VEVENT\n"
    f"BEGIN:VEVENT\nDTSTART:{YEAR}0802T120000\nSUMMARY:Lunch\nEND:VEVENT\nEND:VCALENDAR\n"
)


@pytest.fixture
def office(alice: User) -> Calendar:
    return new(alice)


def new(owner: User, **values: Any) -> Calendar:
    days = [{"date": "12-24", "name": "Christmas Eve"}]
    return calendar_create(owner=owner, values={"name": "Office", "country": "DE", "days": days, **values})


def address(calendar: Calendar, more: str = "") -> str:
    return f"{BASE}{calendar.pk}/{more}"


def file(content: str | bytes = ICAL) -> SimpleUploadedFile:
    raw = content.encode() if isinstance(content, str) else content
    return SimpleUploadedFile("days.ics", raw, "text/calendar")


def htmx(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


def test_a_calendar_is_made_edited_and_deleted(as_alice: Client, alice: User) -> None:
    assert "None yet" in text(as_alice.get(BASE))
    response = as_alice.post(f"{BASE}new/", TYPED, follow=True)
    assert "“Office” is kept" in text(response)
    assert "Weekends, holidays of Germany (Bayern), 3 single days Yours –" in text(response)
    calendar = Calendar.objects.get(owner=alice)
    assert calendar.days == [
        {"date": "12-24", "name": "Christmas Eve", "source": "typed"},
        {"date": "2027-05-07", "name": "Bridge day", "source": "typed"},
        {"date": "2027-05-28", "name": "", "source": "typed"},
    ]
    page = as_alice.get(address(calendar))
    assert value(page, "days").strip().splitlines() == ["12-24 Christmas Eve", "2027-05-07 Bridge day", "2027-05-28"]
    assert (chosen(page, "weekend"), chosen(page, "country"), chosen(page, "subdivision")) == (
        ["sat", "sun"],
        ["DE"],
        ["BY"],
    )
    assert "No task keeps it yet" in text(page)
    changed = {**TYPED, "days": "", "weekend": ["fri"], "version": "1"}
    assert "Saved" in text(as_alice.post(address(calendar), changed, follow=True))
    calendar.refresh_from_db()
    assert (calendar.days, calendar.weekend, calendar.version) == ([], ["fri"], 2)
    stale = as_alice.post(address(calendar), {**changed, "name": "Other"})
    assert (stale.status_code, value(stale, "name"), value(stale, "version")) == (412, "Other", "2")
    assert "Somebody has changed it" in text(stale)
    assert "Delete “Office”?" in text(as_alice.get(address(calendar, "delete/")))
    assert "is deleted" in text(as_alice.post(address(calendar, "delete/"), follow=True))
    assert not Calendar.objects.exists()


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"name": " "}, "name", "Must not be blank."),
        ({"name": "x" * 101}, "name", "At most 100 characters"),
        ({"description": "x" * 301}, "description", "At most 300 characters"),
        ({"weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}, "weekend", "At least one day"),
        ({"country": "XX", "_country": "XX", "subdivision": ""}, "country", "are not known"),
        ({"subdivision": "ENG"}, "subdivision", "DE has no part"),
        (
            {"days": "12-24 Eve\n\n2027-02-30 Never\n"},
            "days",
            "Line 3, “2027-02-30 Never”: There is no such day as 2027-02-30.",
        ),
        ({"days": f"12-24 {'x' * 101}"}, "days", "Line 1, “12-24 xxx"),
        ({"days": "2027-01-01\n" * 2001}, "days", "At most 2000 days"),
        ({"imported": "never"}, "ical", "Must be a day"),
    ],
)
def test_a_wrong_field_is_named_and_everything_typed_is_kept(
    as_alice: Client, fields: dict[str, Any], at: str, words: str
) -> None:
    typed = {**TYPED, **fields}
    response = as_alice.post(f"{BASE}new/", typed)
    assert response.status_code == 400
    assert words in errors(response, at)
    assert text(response).count(errors(response, at)[:60]) <= 2, "at its field, and in the picture's place"
    assert value(response, "days").strip() == str(typed["days"]).replace("\r\n", "\n").strip()
    assert value(response, "description") == typed["description"]
    assert not Calendar.objects.exists()


def test_the_parts_follow_the_country(as_alice: Client) -> None:
    page = as_alice.get(f"{BASE}new/")
    assert 'name="subdivision"' not in page.content.decode()
    moved = {**TYPED, "country": "GB", "_country": "DE", "_refresh": "1"}
    part = as_alice.post(f"{BASE}new/", moved, headers=htmx("calendar-place"))
    assert chosen(part, "country") == ["GB"]
    assert chosen(part, "subdivision") == [""]
    assert '<option value="SCT"' in part.content.decode()
    assert 'hx-swap-oob="true"' in part.content.decode(), "the year is drawn again beside it"
    assert "<html" not in part.content.decode()
    whole = as_alice.post(f"{BASE}new/", moved)
    assert (whole.status_code, value(whole, "name")) == (200, "Office"), "without JavaScript the page is drawn again"
    assert '<option value="SCT"' in whole.content.decode()
    assert not Calendar.objects.exists()


def test_a_part_of_the_country_before_is_not_kept(as_alice: Client, alice: User) -> None:
    as_alice.post(f"{BASE}new/", {**TYPED, "country": "GB"})
    assert (alice.calendars.get().country, alice.calendars.get().subdivision) == ("GB", "")


def test_a_file_brings_days_and_the_rest_is_told(as_alice: Client, alice: User) -> None:
    response = as_alice.post(f"{BASE}new/", {**TYPED, "days": "", "ical": file()}, follow=True)
    assert "Left out of the file: 1 event has a time of day." in text(response)
    assert "2 days from a file" in text(response)
    calendar = alice.calendars.get()
    assert [day["date"] for day in calendar.days] == [f"{YEAR}-08-02", f"{YEAR}-08-03"]
    page = as_alice.get(address(calendar))
    assert "2 days from a file. Take them out" in text(page)
    again = {**TYPED, "days": f"{YEAR}-08-02 Mine", "imported": value(page, "imported"), "version": "1"}
    as_alice.post(address(calendar), again)
    calendar.refresh_from_db()
    assert [(day["date"], day["name"]) for day in calendar.days] == [
        (f"{YEAR}-08-02", "Mine"),
        (f"{YEAR}-08-03", "Works holiday"),
    ]


def test_a_file_is_seen_before_it_is_kept_and_need_not_be_chosen_twice(as_alice: Client, alice: User) -> None:
    sent = {**TYPED, "ical": file(), "_refresh": "1"}
    part = as_alice.post(f"{BASE}new/", sent, headers=htmx("calendar-file"))
    assert "2 days from a file." in text(part)
    assert "Left out: 1 event has a time of day (Lunch)." in text(part)
    assert "Works holiday" in text(part)
    imported = value(part, "imported").strip()
    refused = as_alice.post(f"{BASE}new/", {**TYPED, "name": "", "imported": imported})
    assert value(refused, "imported").strip() == imported
    dropped = as_alice.post(f"{BASE}new/", {**TYPED, "imported": imported, "_drop": "1"}, headers=htmx("calendar-file"))
    assert "from a file." not in text(dropped)
    as_alice.post(f"{BASE}new/", {**TYPED, "imported": imported})
    assert sum(day["source"] == "ical" for day in alice.calendars.get().days) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            ICAL.replace(f"DTEND:{YEAR}0804", "RRULE:FREQ=SECONDLY"),
            "Line 4: whole days cannot repeat by FREQ=SECONDLY.",
        ),
        (b"\xff\xfe\x00", "Line 1: this is not UTF-8"),
        (b"BEGIN:VCALENDAR\nX:\x00\n", "Line 2: must not contain the character U+0000."),
        (b"BEGIN:VCALENDAR\n" + b"X:1\n" * 70_000, "at most 256 KiB"),
    ],
)
def test_a_bad_file_is_said_at_its_field_together_with_the_rest(
    as_alice: Client, content: str | bytes, words: str
) -> None:
    response = as_alice.post(f"{BASE}new/", {**TYPED, "days": "tomorrow", "ical": file(content)})
    assert response.status_code == 400
    assert words in errors(response, "ical")
    assert "Line 1, “tomorrow”" in errors(response, "days")
    assert not Calendar.objects.exists()


def test_the_year_follows_what_is_typed(as_alice: Client) -> None:
    page = as_alice.post(f"{BASE}preview/", {**TYPED, "name": ""})
    assert "working days" in text(page)
    assert "Christmas Eve single day" in text(page)
    assert "<html" not in page.content.decode()
    wrong = as_alice.post(f"{BASE}preview/", {**TYPED, "days": "12-24\n24.12."})
    assert "This can't be kept yet Line 2, “24.12.”: Must be a day" in text(wrong)
    assert as_alice.get(f"{BASE}preview/").status_code == 405
    assert not Calendar.objects.exists()


def test_the_year_shows_each_day_off_once_in_the_picture_and_in_the_list(office: Calendar) -> None:
    office.days = [*office.days, {"date": "2026-12-25", "name": "Closed", "source": "ical"}]
    year = draw_year(office, date(2026, 11, 29))
    assert (year.span, len(year.months)) == ("November 2026 to October 2027", 12)
    assert [month.name for month in year.months[:3]] == ["Nov 2026", "December", "Jan 2027"]
    assert year.off_count + year.working_count == 365
    cells = {cell.title: cell for month in year.months for cell in month.cells}
    assert len(cells) == 365
    assert cells["Sun 29 Nov 2026: weekend, today"].is_today
    assert cells["Thu 24 Dec 2026: Christmas Eve"].shape == "single"
    assert cells["Fri 25 Dec 2026: Christmas Day, Closed"].shape == "single"
    assert cells["Fri 1 Jan 2027: New Year's Day"].shape == "holiday"
    assert cells["Mon 30 Nov 2026: working day"].anchor == ""
    assert cells["Mon 30 Nov 2026: working day"].x == 0, "weeks begin with Monday"
    assert [letter for _, letter in year.weekdays] == list("MTWTFSS")
    assert [sum(cell.is_past for cell in month.cells) for month in year.months] == [28] + [0] * 11
    assert sum(cell.shape != "work" for cell in cells.values()) == year.off_count
    anchors = [cell.anchor for month in year.months for cell in month.cells if cell.anchor]
    assert anchors == [row.anchor for row in year.rows], "every marked day leads to its row"
    second = next(row for row in year.rows if row.date == date(2026, 12, 26))
    assert (second.name, second.kinds) == ("Second Day of Christmas", "holiday, weekend")
    later = draw_year(office, date(2026, 12, 26))
    assert later.rows[0].date == date(2026, 12, 26), "days that have passed are in the picture alone"
    assert len(later.months[0].cells) == 31


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Weekends, holidays of Germany, 1 single day"),
        (
            {"weekend": ["fri", "sat"], "country": "GB", "days": []},
            "Fridays and Saturdays, holidays of the United Kingdom",
        ),
        ({"weekend": ["sun"], "country": "", "days": []}, "Sundays"),
        ({"weekend": [], "country": "", "days": []}, "Nothing yet"),
        (
            {"weekend": [], "country": "", "days": [{"date": "2027-01-01", "source": "ical"}, "12-24", "12-31"]},
            "2 single days, 1 day from a file",
        ),
        ({"country": "NL", "weekend": [], "days": []}, "Holidays of the Netherlands"),
    ],
)
def test_what_a_calendar_holds_is_one_sentence(alice: User, values: dict[str, Any], words: str) -> None:
    assert holds(new(alice, **values)) == words


def test_others_calendars_do_not_exist_and_shared_ones_are_read(
    as_alice: Client, as_charlie: Client, as_staff: Client, client: Client, office: Calendar
) -> None:
    for path in ("", "delete/"):
        assert client.get(address(office, path)).status_code == 302
        assert as_charlie.get(address(office, path)).status_code == 404
        assert as_charlie.post(address(office, path), TYPED).status_code == 404
    assert as_charlie.get(f"{BASE}new/?from={office.pk}").status_code == 404
    assert as_charlie.get(f"{BASE}new/?from=x").status_code == 404
    assert 'name="is_shared"' not in as_alice.get(address(office)).content.decode()
    as_alice.post(address(office), {**TYPED, "is_shared": "on", "version": "1"})
    office.refresh_from_db()
    assert not office.is_shared, "only staff share"
    as_staff.post(address(office), {**TYPED, "is_shared": "on", "version": "2"})
    page = as_charlie.get(address(office))
    assert "Shared with everybody by alice" in text(page)
    assert "Christmas Eve" in text(page)
    assert '<button class="button primary">Save' not in page.content.decode()
    assert "Everybody's" in text(as_charlie.get(BASE))
    assert as_charlie.get(address(office, "delete/")).status_code == 403
    refused = as_charlie.post(address(office), {**TYPED, "name": "Evil"})
    assert "only its owner and administrators change it" in text(refused)
    office.refresh_from_db()
    assert office.name == "Office"
    copy = as_charlie.get(f"{BASE}new/?from={office.pk}")
    assert (value(copy, "name"), chosen(copy, "country")) == ("Office (copy)", ["DE"])


def test_those_who_keep_it_are_named_to_those_who_may_see_them(
    as_alice: Client, as_staff: Client, make: MakeTask, charlie: User, staff: User
) -> None:
    shared = new(staff, is_shared=True)
    task = make("Daily", calendar="Office", calendar_policy="next")
    make("Secret plan", owner=charlie, calendar="Office")
    page = as_alice.get(address(shared))
    assert "2 tasks keep it." in text(page)
    assert "Daily Run on the next working day" in text(page)
    assert f"/tasks/{task.pk}/" in page.content.decode()
    assert "And 1 task of other people." in text(page)
    assert "Secret plan" not in text(page)
    assert "Secret plan charlie Leave it out" in text(as_staff.get(address(shared)))
    asked = as_staff.get(address(shared, "delete/"), follow=True)
    assert "It can be deleted when no active or paused task keeps it." in text(asked)
    assert "Delete “Office”?" not in text(asked)
    response = as_staff.post(address(shared, "delete/"), follow=True)
    assert "2 tasks keep “Office” (“Daily”, “Secret plan”), so it can't be deleted" in text(response)
    assert Calendar.objects.exists()


def test_an_edit_that_would_silence_a_task_is_refused_with_its_name(
    as_alice: Client, office: Calendar, make: MakeTask
) -> None:
    make("May Day", schedule={"kind": "cron", "expression": "0 9 2 5 *"}, calendar="Office")
    response = as_alice.post(address(office), {**TYPED, "days": "05-02", "version": "1"})
    assert response.status_code == 400
    assert "“May Day” would never run again" in errors(response, "days")


def test_a_task_chooses_its_calendar_and_sees_what_it_does(
    as_alice: Client, alice: User, charlie: User, staff: User
) -> None:
    form = {
        "name": "Pay day",
        "payload.source": "runs",
        "payload.format": "csv",
        "schedule.kind": "monthly",
        "schedule.monthly.day": "25",
        "schedule.monthly.time": "09:00",
        "timezone": "Europe/Berlin",
    }
    new_task = "/tasks/new/?type=export_report"
    empty = as_alice.get(new_task)
    assert chosen(empty, "calendar") == [""]
    assert "Make a calendar" in text(empty)
    own, shared, foreign = new(alice), new(staff, name="Shared", is_shared=True), new(charlie, name="Foreign")
    page = as_alice.get(new_task).content.decode()
    assert f'<option value="{own.pk}">Office</option>' in page
    assert f'<option value="{shared.pk}">Shared, shared</option>' in page
    assert "Foreign" not in page
    assert "Make a calendar" not in page
    keeps = {**form, "calendar": str(own.pk), "calendar_policy": "previous"}
    with time_machine.travel("2026-12-01T08:00:00Z", tick=False):
        said = text(as_alice.post("/tasks/preview/", keeps))
    assert "moved to the working day before on days off of “Office”" in said
    assert "Wed 23 Dec" in said
    refused = as_alice.post(new_task, {**form, "calendar": str(foreign.pk)})
    assert "There is no such calendar" in errors(refused, "calendar")
    as_alice.post(new_task, keeps)
    task = ScheduledTask.objects.get(owner=alice)
    assert (task.calendar, task.calendar_policy) == (own, "previous")
    edit = as_alice.get(reverse("task-edit", args=[task.pk]))
    assert (chosen(edit, "calendar"), chosen(edit, "calendar_policy")) == ([str(own.pk)], ["previous"])
    detail = as_alice.get(reverse("task-detail", args=[task.pk]))
    assert "Calendar Office On a day off: run on the working day before" in text(detail)
    assert address(own) in detail.content.decode()
    as_alice.post(reverse("task-edit", args=[task.pk]), {**form, "calendar": "", "version": "1"})
    task.refresh_from_db()
    assert task.calendar is None


def test_staff_see_the_owners_calendars_in_the_owners_task(
    as_staff: Client, office: Calendar, make: MakeTask, staff: User
) -> None:
    new(staff, name="Of staff")
    task = make(calendar="Office")
    page = as_staff.get(reverse("task-edit", args=[task.pk])).content.decode()
    assert re.search(rf'<option value="{office.pk}" selected>\s*Office', page)
    assert "Of staff" not in page
    keeps = {"schedule.kind": "daily", "schedule.daily.time": "09:00", "calendar": str(office.pk)}
    assert "on days off of “Office”" in text(as_staff.post(f"/tasks/preview/?task={task.pk}", keeps))
    assert "There is no such calendar" in text(as_staff.post("/tasks/preview/", keeps))


def test_a_list_asks_a_few_questions_however_long_it_is(
    as_alice: Client, alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        make(calendar=new(alice, name=f"Calendar {number:02}").name)
    with django_assert_max_num_queries(8):
        page = as_alice.get(BASE)
    assert text(page).count("Weekends, holidays of Germany, 1 single day Yours 1") == 12


def test_what_people_write_is_text(as_alice: Client, alice: User) -> None:
    evil = '<img src=x onerror="alert(1)">'
    calendar = new(alice, name=evil, description=evil, days=[{"date": "12-24", "name": evil}])
    for page in (as_alice.get(BASE), as_alice.get(address(calendar)), as_alice.get("/tasks/new/?type=export_report")):
        assert evil not in page.content.decode()
        assert "&lt;img" in page.content.decode()


BROKEN: list[Any] = [["someday"], [5, None, {"name": "Nameless"}], "christmas", {"date": "2027-13-40"}, [["12-24"]]]


@pytest.mark.parametrize("days", BROKEN, ids=str)
def test_days_that_are_none_break_no_page_and_are_mended_there(
    as_alice: Client, office: Calendar, make: MakeTask, days: Any
) -> None:
    task = make(calendar="Office")
    Calendar.objects.filter(pk=office.pk).update(days=days)
    page = as_alice.get(address(office))
    assert page.status_code == 200
    assert "Something in this calendar is no day, so the tasks that keep it are not planned" in text(page)
    assert "This can't be kept yet" in text(page)
    assert value(page, "days").strip(), "what is to be mended stands there"
    assert "Something in it is no day" in text(as_alice.get(BASE))
    assert "“Office” holds something that is no day" in text(as_alice.get(reverse("task-detail", args=[task.pk])))
    assert "“Office” holds something that is no day" in text(as_alice.get(reverse("task-edit", args=[task.pk])))
    for place in ("home", "task-list", "upcoming", "calendar"):
        assert as_alice.get(reverse(place)).status_code == 200, place
    mended = {**TYPED, "version": office.version, "days": "12-24 Christmas Eve"}
    assert "Saved." in text(as_alice.post(address(office), mended, follow=True))
    task.refresh_from_db()
    assert task.next_due_at is not None
    assert "no day" not in text(as_alice.get(reverse("task-detail", args=[task.pk])))


def test_who_only_looks_at_a_broken_calendar_is_told_who_can_mend_it(
    as_alice: Client, as_charlie: Client, office: Calendar
) -> None:
    Calendar.objects.filter(pk=office.pk).update(days=["someday"], weekend={"sat": 1}, is_shared=True)
    page = as_charlie.get(address(office))
    assert page.status_code == 200
    assert "alice or an administrator can mend it" in text(page)
