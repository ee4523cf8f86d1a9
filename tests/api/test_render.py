"""What is stored is shown, also what no parser would let in and not every database would keep."""

import json

import pytest
from django.contrib.auth.models import User

from tasks_app.api.render import SafeJsonRenderer
from tasks_app.api.run_shapes import run_out
from tests.api.client import Api
from tests.runs import make_run


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"text": "\ud800"}, {"text": "\ud800"}),
        ({"text": "a\0\u2028"}, {"text": "a\0\u2028"}),
        ([float("nan"), {"a": float("inf")}, 1.5], [None, {"a": None}, 1.5]),
        ({"deep": (1, (2, float("-inf")))}, {"deep": [1, [2, None]]}),
    ],
)
def test_nothing_that_python_holds_fails_to_be_written(alice: User, stored: object, shown: object) -> None:
    run = make_run(alice)
    run.result = stored
    written = SafeJsonRenderer().render(run_out(run).model_dump(mode="json"))
    assert json.loads(written)["result"] == shown
    assert written.isascii()


def test_an_answer_without_content_has_no_bytes(api: Api) -> None:
    assert SafeJsonRenderer().render(None) == b""
    task = api.post("tasks", {"name": "x", "type": "export_report", "payload": {"source": "runs"}}).body
    reply = api.delete(f"tasks/{task['id']}")
    assert (reply.status, reply.body) == (204, b"")
