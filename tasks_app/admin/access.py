"""API keys and stored files."""

from django.contrib import admin
from django.contrib.admin import display
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.deeds import Deed, DeedAdmin, Outcome
from tasks_app.admin.shown import EMPTY, instant, label, link
from tasks_app.models import ApiKey, StoredFile
from tasks_app.services.api_keys import api_key_revoke

_KEY_TONES = {"valid": "success", "expired": "warning", "revoked": "danger"}


def _revoke(key: ApiKey, actor: str) -> Outcome:
    if key.revoked_at is not None:
        return Outcome("was revoked already.")
    api_key_revoke(key=key)
    return Outcome("revoked.")


REVOKE = Deed(
    name="revoke",
    right="manage_people",
    title="Revoke",
    question="The key is worthless from now on. This cannot be undone.",
    icon="key_off",
    perform=_revoke,
    is_offered=lambda key: key.revoked_at is None,
    is_grave=True,
)


@admin.register(ApiKey)
class ApiKeyAdmin(DeedAdmin, ReadOnlyAdmin):
    """Keys are made by their people, in their settings; here they are seen and revoked. Digests are not shown."""

    deeds = (REVOKE,)
    list_display = (
        "name",
        "state",
        "user",
        "prefix",
        "scope",
        instant("created_at", "created"),
        instant("last_used_at", "last used"),
        instant("expires_at", "expires"),
    )
    fields = readonly_fields = (*list_display, instant("revoked_at", "revoked"))
    list_select_related = ("user",)
    list_filter = ("scope",)
    ordering = ("-id",)
    search_fields = ("name", "prefix", "user__username")

    @label("state", _KEY_TONES)
    def state(self, key: ApiKey) -> str:
        """Whether it still opens anything."""
        if key.revoked_at is not None:
            return "revoked"
        return "expired" if key.expires_at is not None and key.expires_at <= timezone.now() else "valid"


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    """Files that runs left in storage; upkeep removes them when they expire."""

    list_display = (
        "name",
        "owner",
        "run_link",
        "bytes",
        instant("created_at", "created"),
        instant("expires_at", "expires"),
    )
    fields = readonly_fields = (*list_display, "content_type", "path", "download")
    list_select_related = ("owner",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("id",)
    search_help_text = "The id of a file or of its run"
    exact_fields = ("id", "run_id")
    finds_only_ids = True

    @display(description="run", empty_value=EMPTY)
    def run_link(self, file: StoredFile) -> SafeString | None:
        """The run that left it."""
        if file.run_id is None:
            return None
        return link(reverse("admin:tasks_app_taskrun_change", args=[file.run_id]), str(file.run_id))

    @display(description="size")
    def bytes(self, file: StoredFile) -> str:
        """Its size."""
        return filesizeformat(file.size)

    @display(description="download")
    def download(self, file: StoredFile) -> SafeString:
        """The file itself."""
        return link(reverse("file-download", args=[file.pk]), "Download")
