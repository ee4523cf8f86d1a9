"""The list of files: filters, keyset pages, and how much room they take."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from tasks_app.errors import NotFound
from tasks_app.models import StoredFile, TaskRun
from tasks_app.selectors.access import Person, visible_files
from tasks_app.selectors.walk import READ, WALK, Found, nth_newer, nth_older


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


def file_find(
    user: Person, filters: FileFilters, *, before: uuid.UUID | None = None, after: uuid.UUID | None = None
) -> Found[StoredFile]:
    """The same among the newest files, where no index leads to those that match.

    Those are 50,000, and 20,000 where a part of a name is looked for: among the files older than `before`, or back
    among those newer than `after`.
    """
    rows, most = file_search(user, filters), READ if filters.search else WALK
    if filters.task or filters.run or not (filters.search or filters.purpose):
        return Found(rows)
    scope = visible_files(user)
    if after is not None:
        ceiling = nth_newer(scope.filter(id__gt=after), most)
        return Found(rows.filter(id__lte=ceiling) if ceiling else rows, walk=most, ceiling=ceiling)
    floor = nth_older(scope.filter(id__lt=before) if before else scope, most)
    return Found(rows.filter(id__gte=floor) if floor else rows, floor, most)


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


def used_bytes(user: Person) -> tuple[int, bool]:
    """How much the user's visible files take together, and whether that is all of them: the newest 20,000 are added."""
    newest = visible_files(user).order_by("-id")
    found = newest.values("size")[:READ].aggregate(total=Sum("size"))
    return found["total"] or 0, not newest[READ : READ + 1].exists()


def uploaded_bytes(owner_id: int) -> int:
    """How much somebody has uploaded."""
    rows = StoredFile.objects.filter(owner_id=owner_id, purpose=StoredFile.Purpose.UPLOAD)
    return rows.aggregate(total=Sum("size"))["total"] or 0
