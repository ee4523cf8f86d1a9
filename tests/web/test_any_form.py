"""Whatever is posted: reading a form never fails, and neither does drawing it again."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks_app.handlers import registry
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.read import Reader
from tasks_app.web.forms.schedule import ScheduleForm
from tasks_app.web.forms.task import TaskForm, type_info
from tests.web.test_schema_form import SCHEMA

pytestmark = pytest.mark.django_db
TYPES = (
    "http_request",
    "export_report",
    "send_email",
    "cleanup",
    "sync_external_service",
    "celery_task",
    "shell_command",
)
_HARD = [
    "",
    " ",
    "²",
    "9" * 5000,
    "-",
    "--5",
    "1e400",
    "nan",
    "[" * 5000,
    "{",
    '{"a": 1, "a": 2}',
    '"\\ud800"',
    "\ud800",
    "\0",
    "true",
]
values = st.one_of(st.sampled_from(_HARD), st.text(max_size=20), st.integers().map(str), st.floats().map(str))
_STEPS = [
    "0",
    "1",
    "²",
    "__row",
    "__from",
    "__kept",
    "__secret",
    "__on",
    "__by",
    "__json",
    "__way.0",
    "kind",
    "a",
    "",
    "-1",
    "99999",
]


def names_of(schema: Any, path: str = "payload", depth: int = 0) -> list[str]:
    """Give the names of the controls that a schema has, and some that it has not."""
    found = [path, *(f"{path}.{step}" for step in _STEPS)]
    for name in schema.get("properties", {}):
        found += [f"{path}.{name}", *(f"{path}.{name}.{step}" for step in _STEPS)]
        found += [f"{path}.{name}.0.{inner}" for inner in ("kind", "what", "name", "email", "style")]
    return found


def posted(names: list[str]) -> st.SearchStrategy[QueryDict]:
    """Make forms out of these names."""

    def form(pairs: list[tuple[str, str]]) -> QueryDict:
        data = QueryDict(mutable=True)
        for name, value in pairs:
            data.appendlist(name, value)
        return data

    return st.lists(st.tuples(st.sampled_from(names), values), max_size=12).map(form)


@settings(max_examples=200)
@given(
    data=posted(names_of(SCHEMA)),
    kept=st.sampled_from([{}, {"rows": 5}, {"inner": []}, {"target": {"kind": 1}}, {"headers": None}]),
)
def test_any_form_of_any_shape_is_read(data: QueryDict, kept: dict[str, Any]) -> None:
    payload = Reader(SCHEMA, data, kept).payload()
    assert isinstance(payload, dict)
    assert draw_payload(SCHEMA, payload, {}) is not None


@pytest.mark.parametrize("name", TYPES)
def test_any_form_of_a_type_is_read_checked_and_drawn(name: str, alice: User) -> None:
    info = type_info(name)
    others = [
        "name",
        "tags",
        "priority",
        "max_retries",
        "misfire.policy",
        "misfire.max",
        "retry.style",
        "retry.delays",
        "retry.factor",
    ]
    others += [
        "schedule.kind",
        "schedule.other",
        "schedule.cron.expression",
        "schedule.of.__row",
        "_add",
        "_remove",
        "_up",
        "payload.__of",
        "_apply",
        "timezone",
    ]
    assert registry.get(name).name == name

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(data=posted([*names_of(info.schema), *others]))
    def check(data: QueryDict) -> None:
        form = TaskForm.posted(info, data, kept={})
        form.check(alice)
        assert form.context(queues=["default"], owner=alice)["form"] is form

    check()


_ROOTS = [
    "kind",
    "other",
    "of.__row",
    "of.0.kind",
    "text.text",
    "cron.expression",
    "once.run_at",
    "every.amount",
    "every.unit",
]
_ROOTS += [
    "weekly.days",
    "weekly.time",
    "monthly.by",
    "monthly.day",
    "monthly.nth",
    "yearly.month",
    "yearly.day",
    "daily.time",
]
_KINDS = st.sampled_from(
    ["manual", "once", "cron", "every", "hourly", "daily", "weekly", "monthly", "yearly", "text", "any", "other", "²"]
)


@settings(max_examples=200)
@given(
    data=posted([f"schedule.{name}" for name in _ROOTS] + ["timezone", "starts_at", "max_runs", "_add", "_apply"]),
    kind=_KINDS,
)
def test_any_schedule_form_is_read_and_drawn(data: QueryDict, kind: str) -> None:
    data["schedule.kind"] = kind
    form = ScheduleForm.posted(data)
    assert isinstance(form.fields_of_spec(), dict)
    assert form.fields({})["rows"] is not None
