"""Who or what started a run, as a sentence with a link."""

from dataclasses import dataclass

from django.urls import reverse

from tasks_app.models import TaskRun
from tasks_app.states import Trigger
from tasks_app.web import words


@dataclass(frozen=True)
class Origin:
    """The sentence, cut where the link is."""

    before: str
    link: str = ""
    href: str = ""
    after: str = ""


def origin_of(run: TaskRun) -> Origin:
    """Say what started the run."""
    who = f" by {words.actor(run.actor)}" if run.actor.startswith(("user:", "key:")) else ""
    if run.rerun_of_id is not None and run.trigger == Trigger.RETRY:
        return Origin("Started again from ", "an earlier run", _run(run.rerun_of_id), who)
    if run.batch_id is not None:
        return Origin("By ", "a backfill", reverse("batch-detail", args=[run.batch_id]), who)
    if run.parent_id is not None:
        return Origin("When ", "another run", _run(run.parent_id), " had ended")
    return _from_task(run, who)


def _from_task(run: TaskRun, who: str) -> Origin:
    said = {
        Trigger.SCHEDULE.value: ("On the schedule of ", ""),
        Trigger.MANUAL.value: ("By hand, from ", who),
        Trigger.API.value: ("Through the API, from ", who),
        Trigger.EVENT.value: ("By an event of ", who),
    }.get(run.trigger)
    if said is None or run.task is None:
        began = {"manual": "By hand", "api": "Through the API", "event": "By an event"}
        return Origin(began.get(run.trigger) or words.TRIGGERS.get(run.trigger, run.trigger).capitalize(), after=who)
    href = "" if run.task.is_deleted else reverse("task-detail", args=[run.task.pk])
    return Origin(said[0], run.task.name, href, said[1])


def _run(run_id: object) -> str:
    return reverse("run-detail", args=[run_id])
