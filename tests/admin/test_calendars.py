"""Calendars in the admin: seen, led to from their tasks, and edited elsewhere."""

from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.services.calendars import calendar_create
from tests.admin.conftest import make_task
from tests.admin.pages import address, read


def test_staff_see_what_is_off_and_cannot_touch_it(desk: Client, alice: User) -> None:
    days = [{"date": "12-24", "name": "<b>Eve</b>"}]
    row = calendar_create(owner=alice, values={"name": "Office", "country": "DE", "subdivision": "BY", "days": days})
    assert "sat, sun" in read(desk, address(Calendar, "changelist"))
    html = read(desk, address(Calendar, "change", row.pk))
    assert "&lt;b&gt;Eve&lt;/b&gt;" in html
    assert "<b>Eve</b>" not in html
    assert 'name="_save"' not in html
    assert f"/settings/calendars/{row.pk}/" in html
    for view, args in (("add", []), ("delete", [row.pk]), ("change", [row.pk])):
        assert desk.post(address(Calendar, view, *args), {"name": "x"}).status_code == 403
    assert Calendar.objects.get().name == "Office"


def test_a_task_and_its_calendar_lead_to_each_other(desk: Client, alice: User, queue: object) -> None:
    row = calendar_create(owner=alice, values={"name": "Office"})
    task, other = make_task(alice, name="Kept", calendar="Office"), make_task(alice, name="Other")
    assert address(Calendar, "change", row.pk) in read(desk, address(ScheduledTask, "change", task.pk))
    tasks = f"{address(ScheduledTask, 'changelist')}?calendar__id__exact={row.pk}"
    assert tasks.replace("&", "&amp;") in read(desk, address(Calendar, "change", row.pk))
    html = read(desk, tasks)
    assert str(task.pk) in html
    assert str(other.pk) not in html
