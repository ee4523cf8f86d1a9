"""The table through the API of a real server."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.badinput.conftest import Site
from tests.badinput.good import GOOD, PATHS, body_of
from tests.badinput.table import GROUPS, Case
from tests.badinput.thinning import thinned

pytestmark = pytest.mark.live


def fault_of(answer: httpx.Response, case: Case) -> str:
    """Say what is wrong with the answer to a bad value; nothing when it is as it must be."""
    if answer.status_code != 400:
        return f"{answer.status_code} {answer.text[:300]}"
    error = answer.json()["error"]
    if set(error) != {"code", "message", "fields", "request_id"}:
        return f"shape: {answer.text[:300]}"
    if not case.is_told_by(error["fields"]):
        return f"{case.at} {case.code} is not among {error}"[:400]
    longest = max((len(fault["message"]) for faults in error["fields"].values() for fault in faults), default=0)
    return f"a message of {longest} characters" if longest > 600 else ""


@pytest.mark.parametrize("group", GROUPS)
def test_each_value_is_refused_at_its_field_and_leaves_nothing(site: Site, group: str) -> None:
    def faults() -> Iterator[str]:
        for case in thinned(GROUPS[group], lambda case: (case.thing, case.field, case.code)):
            body = json.dumps(body_of(case.thing, case.field, case.value)).encode()
            answer = site.call("POST", PATHS[case.thing], body)
            if fault := fault_of(answer, case):
                yield f"{case}: {fault}"

    with site.unharmed():
        assert list(faults()) == []


def test_without_the_bad_value_each_is_accepted(site: Site) -> None:
    """Otherwise the rows would be refused for something else."""
    for thing, good in GOOD.items():
        body = {**good, "name": f"Good {thing}"} if "name" in good else good
        answer = site.call("POST", PATHS[thing], json.dumps(body).encode())
        assert answer.status_code in (201, 202), (thing, answer.text)
    site.check_lists()


def test_there_are_several_hundred_rows() -> None:
    assert sum(map(len, GROUPS.values())) > 700
