"""`database_backup` with a bucket as storage: stored, checked, and no more kept than were asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.base import ContentFile
from pytest_django import Settings

from scheduler_project import storage_url
from scheduler_project.object_storage import ObjectStorage
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import ScheduledTask, StoredFile, TaskRun
from tasks_app.services.backups import BackupFailed
from tasks_app.services.files import file_open
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import runs
from tests.services.bucket import objects_of, own_folder, s3_server

pytestmark = pytest.mark.django_db
TYPE = "database_backup"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One server for the module; each test has a folder of its own in it."""
    with s3_server() as url:
        yield url


@pytest.fixture
def url(server: str, settings: Settings) -> str:
    """The bucket as the platform's storage."""
    own = own_folder(server)
    settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(own)}
    return own


@pytest.fixture
def task(staff: User) -> ScheduledTask:
    return task_create(owner=staff, spec=TaskSpec(name="Nightly", type=TYPE, payload={"keep": 2}), actor="tests")


def back_up(task: ScheduledTask, **payload: Any) -> tuple[StoredFile, dict[str, Any]]:
    """Make a backup as a run that succeeds."""
    run = runs.make_run(task.owner, task, type=TYPE)
    ctx = RecordingContext(run_id=str(run.pk), owner_id=task.owner_id, task_id=str(task.pk))
    result = call_handler(TYPE, {"keep": 2, **payload}, ctx)
    TaskRun.objects.filter(pk=run.pk).update(status="succeeded", reason="", finished_at=run.created_at)
    return StoredFile.objects.get(pk=result["file"]), result


@pytest.mark.parametrize("compress", [True, False])
def test_the_newest_are_kept_and_older_objects_go(task: ScheduledTask, url: str, compress: bool) -> None:
    made = [back_up(task, compress=compress) for _ in range(4)]
    assert [result["removed"] for _, result in made] == [0, 0, 1, 1]
    newest = {file.path for file, _ in made[2:]}
    assert set(objects_of(url)) == newest
    assert set(StoredFile.objects.values_list("path", flat=True)) == newest
    file, result = made[3]
    assert file.size == result["bytes"]
    with file_open(file) as opened:
        assert len(opened.read()) == file.size


class Rotten(ObjectStorage):
    """Gives back one byte less than it was given."""

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with super()._open(name, mode) as opened:
            return ContentFile(opened.read()[:-1])


def test_a_copy_that_the_bucket_spoils_is_removed_and_the_older_stay(
    task: ScheduledTask, url: str, settings: Settings
) -> None:
    file, _ = back_up(task)
    rotten = {**settings.STORAGES["default"], "BACKEND": f"{__name__}.Rotten"}
    settings.STORAGES = {**settings.STORAGES, "default": rotten}
    with pytest.raises(BackupFailed, match="gives back something else"):
        back_up(task, keep=1)
    assert set(objects_of(url)) == {file.path}
    assert [row.path for row in StoredFile.objects.all()] == [file.path]
