"""Credentials in the admin: that they exist, and nothing that would open anything."""

from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import Credential
from tests.admin.pages import address, read
from tests.services.credentials import KINDS, SECRET, make_credential


def test_staff_see_that_there_is_one_and_cannot_touch_it(desk: Client, alice: User) -> None:
    rows = [make_credential(alice, kind, name=kind, hosts=["api.example.com"]) for kind in KINDS]
    Credential.objects.update(sealed_token="sealed-canary")
    pages = [read(desk, address(Credential, "changelist"))]
    pages += [read(desk, address(Credential, "change", row.pk)) for row in rows]
    assert all("api.example.com" in html for html in pages)
    for html in pages:
        assert 'name="_save"' not in html
        for hidden in (SECRET, "sealed-canary", *(row.sealed for row in rows), "login.example.com", "X-Api-Key"):
            assert hidden not in html
    for view, args in (("add", []), ("delete", [rows[0].pk])):
        assert desk.get(address(Credential, view, *args)).status_code == 403
        assert desk.post(address(Credential, view, *args), {"name": "x"}).status_code == 403
    assert desk.post(address(Credential, "change", rows[0].pk), {"name": "x"}).status_code == 403
    assert Credential.objects.filter(name="x").count() == 0
