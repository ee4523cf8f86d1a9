"""The tables. Constraints and indexes live here; behaviour lives in services."""

from tasks_app.models.access import ApiKey, IdempotencyKey, Profile, StoredFile
from tasks_app.models.audit import AuditEntry
from tasks_app.models.batch import Batch
from tasks_app.models.calendar import Calendar
from tasks_app.models.clock import db_now
from tasks_app.models.commands import AllowedCommand
from tasks_app.models.external import Credential, SyncedChange, SyncedCollection, SyncedRecord
from tasks_app.models.ids import new_id
from tasks_app.models.mail import EmailTemplate, MailCount
from tasks_app.models.platform import Beat, Lease, Queue, Worker
from tasks_app.models.record import Effect, RunAttempt, RunEvent, RunLog
from tasks_app.models.rollup import PlannedRuns, RollupMark, RunRollup, TaskCount, TaskRevision
from tasks_app.models.run import TaskRun
from tasks_app.models.second_factor import RecoveryCode, SecondFactor, TokenSignIn
from tasks_app.models.sharing import TaskShare, TypeRule
from tasks_app.models.task import CalendarPolicy, OnExhausted, Overlap, ScheduledTask

__all__ = [
    "AllowedCommand",
    "ApiKey",
    "AuditEntry",
    "Batch",
    "Beat",
    "Calendar",
    "CalendarPolicy",
    "Credential",
    "Effect",
    "EmailTemplate",
    "IdempotencyKey",
    "Lease",
    "MailCount",
    "OnExhausted",
    "Overlap",
    "PlannedRuns",
    "Profile",
    "Queue",
    "RecoveryCode",
    "RollupMark",
    "RunAttempt",
    "RunEvent",
    "RunLog",
    "RunRollup",
    "ScheduledTask",
    "SecondFactor",
    "StoredFile",
    "SyncedChange",
    "SyncedCollection",
    "SyncedRecord",
    "TaskCount",
    "TaskRevision",
    "TaskRun",
    "TaskShare",
    "TokenSignIn",
    "TypeRule",
    "Worker",
    "db_now",
    "new_id",
]
