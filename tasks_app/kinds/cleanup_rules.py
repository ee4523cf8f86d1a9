"""The rules of `cleanup`: what each may say, what it must say, and the cleaning that it asks for."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from tasks_app.errors import Invalid
from tasks_app.handlers import Payload
from tasks_app.services import cleaning
from tasks_app.services.cleaning import RunChoice, Whose

Days = Annotated[int, Field(ge=1, le=36_500)]
Ending = Literal["succeeded", "failed", "cancelled", "skipped"]
ENDINGS: list[Ending] = ["succeeded", "failed", "cancelled", "skipped"]
Purpose = Literal["report", "upload", "backup"]


class Rule(Payload):
    """What all rules have in common."""

    @property
    def is_for_all(self) -> bool:
        """It reaches what belongs to others, or to nobody."""
        return False

    def check_bound(self) -> None:
        """Raise `Invalid` for a rule that would take everything."""

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Do it in small batches; gives the number of each."""
        raise NotImplementedError


def _everybody_last(schema: dict[str, Any]) -> None:
    """An inherited field comes first otherwise, and it is what people want least often."""
    properties = schema["properties"]
    properties["everybody"] = properties.pop("everybody")


class OwnRule(Rule):
    """A rule about things that have owners."""

    model_config = ConfigDict(json_schema_extra=_everybody_last)

    everybody: bool = Field(
        False,
        title="Everybody's",
        description="Not only those of this task's owner. Needs a permission of its own.",
    )

    @property
    def is_for_all(self) -> bool:
        """It reaches what belongs to others."""
        return self.everybody

    def whose(self, owner_id: int | None) -> Whose:
        """Say whose things are meant."""
        return Whose(owner_id, is_everybody=self.everybody)


class RunsRule(OwnRule):
    """Ended runs, with their events, attempts, logs and side effects."""

    what: Literal["runs"]
    status: list[Ending] = Field(ENDINGS, min_length=1, description="Runs that ended like this.")
    older_than_days: Days | None = Field(
        None, title="Older than (days)", description="Runs that ended longer ago than this."
    )
    keep_last: int | None = Field(
        None, title="Keep the last", ge=1, le=100_000, description="So many of each task; those before them go."
    )
    task: UUID | None = Field(None, description="Only runs of this task.", json_schema_extra={"x-pick": "tasks"})
    type: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        title="Task type",
        description="Only runs of this type.",
        json_schema_extra={"x-choices": "task-types"},
    )
    needing_a_person: bool = Field(
        False, title="Those that need a person", description="Also failed runs that nobody has retried or dismissed."
    )

    def check_bound(self) -> None:
        """Ask for an age or a number."""
        if self.older_than_days is None and self.keep_last is None:
            raise Invalid.at("older_than_days", "no_bound", "Say how old, or how many to keep: it must not be all.")

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Delete runs."""
        choice = RunChoice(
            statuses=self.status,
            before=None if self.older_than_days is None else now - timedelta(days=self.older_than_days),
            keep_last=self.keep_last,
            task_id=self.task,
            type=self.type,
            needing_person=self.needing_a_person,
        )
        return cleaning.clean_runs(self.whose(owner_id), choice, dry_run=dry_run)


class LogsRule(OwnRule):
    """The log lines of ended runs; the runs stay."""

    what: Literal["logs"]
    older_than_days: Days = Field(title="Older than (days)", description="Of runs that ended longer ago than this.")
    needing_a_person: bool = Field(
        False, title="Those that need a person", description="Also of failed runs that nobody has retried or dismissed."
    )

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Delete log lines."""
        before = now - timedelta(days=self.older_than_days)
        choice = RunChoice(before=before, needing_person=self.needing_a_person)
        return cleaning.clean_logs(self.whose(owner_id), choice, dry_run=dry_run)


class FilesRule(OwnRule):
    """Stored files: from storage and from the list."""

    what: Literal["files"]
    purpose: Purpose = Field("report", description="Files of this kind.")
    expired: bool = Field(False, description="Files whose time is over.")
    older_than_days: Days | None = Field(None, title="Older than (days)", description="Files older than this.")

    def check_bound(self) -> None:
        """Ask for an age, or for expired ones."""
        if self.older_than_days is None and not self.expired:
            raise Invalid.at("older_than_days", "no_bound", "Say how old, or choose expired ones: it must not be all.")

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Delete files."""
        return cleaning.clean_files(
            self.whose(owner_id),
            purpose=self.purpose,
            before=None if self.older_than_days is None else now - timedelta(days=self.older_than_days),
            expired_at=now if self.expired else None,
            dry_run=dry_run,
        )


class RecordsRule(OwnRule):
    """Synced records that have disappeared from their service, and old entries of what changed."""

    what: Literal["records"]
    gone_for_days: Days | None = Field(
        None, title="Gone for (days)", description="Records that disappeared longer ago than this."
    )
    changes_older_than_days: Days | None = Field(
        None, title="Changes older than (days)", description="Entries of changes older than this."
    )

    def check_bound(self) -> None:
        """Ask for one of the two ages."""
        if self.gone_for_days is None and self.changes_older_than_days is None:
            raise Invalid.at("gone_for_days", "no_bound", "Say for how long they must have been gone.")

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Delete records, then entries of changes."""
        whose = self.whose(owner_id)
        if self.gone_for_days is not None:
            before = now - timedelta(days=self.gone_for_days)
            yield from cleaning.clean_gone_records(whose, before=before, dry_run=dry_run)
        if self.changes_older_than_days is not None:
            before = now - timedelta(days=self.changes_older_than_days)
            yield from cleaning.clean_changes(whose, before=before, dry_run=dry_run)


class TokensRule(Rule):
    """API keys that have expired or were revoked, ended sessions, remembered answers, fetched access tokens."""

    what: Literal["tokens"]
    older_than_days: Days = Field(
        description="API keys that ended longer ago than this; the rest as soon as it is over."
    )

    @property
    def is_for_all(self) -> bool:
        """Everybody's tokens are meant."""
        return True

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Delete tokens."""
        return cleaning.clean_tokens(before=now - timedelta(days=self.older_than_days), dry_run=dry_run)


class PlatformRule(Rule):
    """Orphans: side effects whose runs have gone, unused schedule rows, workers and beats that are no more."""

    what: Literal["platform"]
    silent_for_days: Days = Field(
        7, title="Silent for (days)", description="Workers and beats that have not reported for longer than this."
    )

    @property
    def is_for_all(self) -> bool:
        """These belong to nobody."""
        return True

    def clean(self, owner_id: int | None, now: datetime, *, dry_run: bool) -> Iterator[int]:
        """Delete orphans."""
        return cleaning.clean_orphans(before=now - timedelta(days=self.silent_for_days), dry_run=dry_run)


AnyRule = Annotated[
    RunsRule | LogsRule | FilesRule | RecordsRule | TokensRule | PlatformRule, Field(discriminator="what")
]
