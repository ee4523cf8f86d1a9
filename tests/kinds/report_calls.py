"""Ways to run `export_report` in tests."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import StoredFile
from tasks_app.services.files import file_open

FEW = {"source": "runs", "columns": ["id", "status"], "filters": {"status": "failed"}}


def export(ctx: RecordingContext, **payload: Any) -> Any:
    """Run a report of failed runs, changed as given."""
    return call_handler("export_report", {**FEW, **payload}, ctx)


def owners_faults(owner: User | None, **payload: Any) -> dict[str, str]:
    """Give the code of the first fault of each field, as the owner who saves it is told."""
    with pytest.raises(Invalid) as caught:
        registry.validate_for(owner, "export_report", {**FEW, **payload})
    return {path: errors[0].code for path, errors in caught.value.fields.items()}


def content(result: Any) -> bytes:
    """Give the file that a result names."""
    with file_open(StoredFile.objects.get(pk=result["file"])) as file:
        return bytes(file.read())
