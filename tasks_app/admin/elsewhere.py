"""Tables that have no page of their own here and stand in no page of others, and where their rows are seen."""

from django.db.models import Model

from tasks_app.models import RunLog

SHOWN_ELSEWHERE: dict[type[Model], str] = {
    RunLog: "Chunks of lines: the page of a run shows the last 200, and its page on the platform all of them.",
}
