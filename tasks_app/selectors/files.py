"""The list of files: filters, keyset pages, and how much room they take."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from tasks_app.errors import NotFound
from tasks_app.models import StoredFile, TaskRun
from tasks_app.selectors.access import Person, visible_files


@dataclass(frozen=True, kw_only=True)
class FileFilters:
    """What the list is narrowed to; an empty field narrows nothing."""

    search: str = ""
    purpose: str = ""
    task: uuid.UUID | None = None
    run: uuid.UUID | None = None

    @property
    def is_any(self) -> bool:
        """Something narrows the list."""
        return bool(self.search or self.purpose or self.task or self.run)


def file_search(user: Person, filters: FileFilters) -> QuerySet[StoredFile]:
    """The files that the user may see and that match, newest first; owner, task and run come with them."""
    rows = visible_files(user).select_related("owner", "task", "run")
    if filters.search:
        rows = rows.filter(name__icontains=filters.search)
    if filters.purpose:
        rows = rows.filter(purpose=filters.purpose)
    if filters.task is not None:
        rows = rows.filter(task_id=filters.task)
    if filters.run is not None:
        rows = rows.filter(run_id=filters.run)
    return rows.order_by("-id")


def file_page(
    rows: QuerySet[StoredFile], *, before: uuid.UUID | None, size: int
) -> tuple[list[StoredFile], uuid.UUID | None]:
    """Give one page and the cursor of the next, or None at the end."""
    found = list((rows.filter(id__lt=before) if before else rows)[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def file_get(user: Person, file_id: uuid.UUID) -> StoredFile:
    """Give a file, or raise `NotFound`: what one may not see does not exist."""
    file = visible_files(user).select_related("owner", "task", "run").filter(pk=file_id).first()
    if file is None:
        raise NotFound("There is no such file.")
    return file


def files_of_run(user: Person, run: TaskRun) -> list[StoredFile]:
    """What a run has left behind."""
    return list(visible_files(user).filter(run=run).order_by("id"))


def used_bytes(user: Person) -> int:
    """How much the user's visible files take together."""
    return visible_files(user).aggregate(total=Sum("size"))["total"] or 0


def uploaded_bytes(owner_id: int) -> int:
    """How much somebody has uploaded."""
    rows = StoredFile.objects.filter(owner_id=owner_id, purpose=StoredFile.Purpose.UPLOAD)
    return rows.aggregate(total=Sum("size"))["total"] or 0
