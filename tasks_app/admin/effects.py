"""Side effects of runs: what was begun, done, or is unknown."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.deeds import Deed, DeedAdmin, Outcome
from tasks_app.admin.shown import as_json, instant, label, link
from tasks_app.errors import Conflict
from tasks_app.models import Effect
from tasks_app.selectors.effects import run_of
from tasks_app.services.settling import effect_settle

_TONES = {"intent": "info", "done": "success", "not_done": "default", "unknown": "danger"}


def _settle(effect: Effect, actor: str, note: str = "", *, happened: bool) -> Outcome:
    run = run_of(effect)
    if run is None:
        raise Conflict("The runs of this side effect are gone.")
    effect_settle(run=run, effect_id=effect.pk, happened=happened, actor=actor, note=note or "Said in the admin")
    return Outcome("noted: it happened." if happened else "noted: it did not happen.")


HAPPENED = Deed(
    name="happened",
    right="run_all",
    title="It happened",
    question="A retry of the run then does not do it again.",
    icon="check",
    perform=partial(_settle, happened=True),
    noted=partial(_settle, happened=True),
    is_offered=lambda effect: effect.is_open,
)
NOT_HAPPENED = Deed(
    name="not_happened",
    right="run_all",
    title="It did not happen",
    question="A retry of the run then does it.",
    icon="close",
    perform=partial(_settle, happened=False),
    noted=partial(_settle, happened=False),
    is_offered=lambda effect: effect.is_open,
)


@admin.register(Effect)
class EffectAdmin(DeedAdmin, ReadOnlyAdmin):
    """Read-only: a handler writes its effects while it holds its claim; a person says what nobody knows."""

    deeds = (HAPPENED, NOT_HAPPENED)

    list_display = (
        "key",
        "known",
        "is_idempotent",
        "run",
        instant("begun_at", "begun"),
        instant("settled_at", "settled"),
    )
    fields = readonly_fields = (*list_display, "root_run", "claim_no", as_json("result"), "settled_by", "settle_note")
    list_filter = ("state",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("root_run_id",)
    search_help_text = "The id of the root run"
    exact_fields = ("root_run_id",)
    finds_only_ids = True

    @label("state", _TONES)
    def known(self, effect: Effect) -> str:
        """How much is known."""
        return effect.state

    @display(description="run")
    def run(self, effect: Effect) -> SafeString:
        """The run that wrote it last."""
        return _run(effect.run_id)

    @display(description="root run")
    def root_run(self, effect: Effect) -> SafeString:
        """The run whose work it is, across retries."""
        return _run(effect.root_run_id)


def _run(run_id: Any) -> SafeString:
    return link(reverse("admin:tasks_app_taskrun_change", args=[run_id]), str(run_id))
