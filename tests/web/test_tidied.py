"""Addresses of lists: what narrows nothing is not in them."""

import pytest
from django.test import Client

from tasks_app.models import ScheduledTask

LISTS = ["/runs/", "/tasks/", "/upcoming/", "/settings/audit/", "/files/"]


@pytest.mark.parametrize("address", LISTS)
def test_a_form_that_sends_empty_fields_leads_to_an_address_without_them(as_alice: Client, address: str) -> None:
    answer = as_alice.get(f"{address}?search=caf%C3%A9+%26&type=&tag=&tag=a&within=")
    assert (answer.status_code, answer["Location"]) == (302, f"{address}?search=caf%C3%A9+%26&tag=a")
    assert as_alice.get(answer["Location"]).status_code == 200
    assert as_alice.get(f"{address}?search=")["Location"] == address


def test_so_do_the_filters_of_a_history_but_a_part_is_answered_where_it_is(
    as_alice: Client, task: ScheduledTask
) -> None:
    address = f"/tasks/{task.pk}/"
    assert as_alice.get(f"{address}?status=&from=&to=2026-11-30")["Location"] == f"{address}?to=2026-11-30"
    part = as_alice.get(f"{address}?status=", headers={"HX-Request": "true", "HX-Target": "task-history"})
    assert part.status_code == 200
