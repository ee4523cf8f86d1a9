"""Deleting what is no longer wanted: ended runs, their logs, files, synced records, tokens, orphans.

Every function is an iterator that deletes a small batch in a transaction of its own, says how much that was, and may be
left between two batches; called again it goes on where it stopped. `dry_run` only counts. What has not ended is never
touched, whatever is asked.
"""

from tasks_app.services.cleaning.belongings import clean_changes, clean_files, clean_gone_records
from tasks_app.services.cleaning.leftovers import clean_orphans, clean_tokens
from tasks_app.services.cleaning.pace import Pace
from tasks_app.services.cleaning.runs import RunChoice, clean_logs, clean_runs, delete_ended
from tasks_app.services.cleaning.whose import Whose

__all__ = [
    "Pace",
    "RunChoice",
    "Whose",
    "clean_changes",
    "clean_files",
    "clean_gone_records",
    "clean_logs",
    "clean_orphans",
    "clean_runs",
    "clean_tokens",
    "delete_ended",
]
