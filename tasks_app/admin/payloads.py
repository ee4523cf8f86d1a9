"""The payloads of tasks and runs in the admin: hidden or masked as on every other face."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib.admin import display
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import SafeString

from tasks_app.admin.shown import block
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors import payloads
from tasks_app.selectors.access import Person
from tasks_app.services.audit import shows_payload


def payload_for(user: Person, thing: ScheduledTask | TaskRun | None) -> Callable[..., Any]:
    """The field that shows the payload to this person: that of a sensitive type is for its owner alone."""
    return masked_payload if thing is None or shows_payload(user, thing) else hidden_payload


@display(description="payload")
def masked_payload(thing: ScheduledTask | TaskRun) -> SafeString:
    """The payload without its secrets."""
    return block(json.dumps(payloads.masked_payload(thing), indent=2, ensure_ascii=False, cls=DjangoJSONEncoder))


@display(description="payload")
def hidden_payload(thing: ScheduledTask | TaskRun) -> str:
    """What stands in the place of a payload that is not for everybody."""
    return "Shown to its owner alone: tasks of this type may hold secrets."
