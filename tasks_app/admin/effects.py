"""Side effects of runs: what was begun, done, or is unknown."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import as_json, instant, label, link
from tasks_app.models import Effect

_TONES = {"intent": "info", "done": "success", "not_done": "default", "unknown": "danger"}


@admin.register(Effect)
class EffectAdmin(ReadOnlyAdmin):
    """Read-only: a handler writes its effects while it holds its claim."""

    list_display = (
        "key",
        "known",
        "is_idempotent",
        "run",
        instant("begun_at", "begun"),
        instant("settled_at", "settled"),
    )
    fields = readonly_fields = (*list_display, "root_run", "claim_no", as_json("result"))
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
