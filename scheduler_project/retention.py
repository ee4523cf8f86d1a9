"""How long finished runs are kept, by how they ended, and the audit log."""

from scheduler_project.env import Env

_ENDINGS = ("succeeded", "failed", "cancelled", "skipped")


def audit_days(env: Env) -> int:
    """Read how long the audit log is kept."""
    return env.number(
        "AUDIT_RETENTION_DAYS", 400, low=1, high=36_500, help="How long entries of the audit log are kept."
    )


def days_by_status(env: Env, usual: int) -> dict[str, int]:
    """Read `RETENTION_DAYS_<STATUS>` for each final status; `usual` where it says nothing."""
    return {
        status: env.number(
            f"RETENTION_DAYS_{status.upper()}",
            usual,
            low=1,
            high=3650,
            shown="RETENTION_DAYS",
            help=f"How long runs that ended {status} are kept.",
        )
        for status in _ENDINGS
    }
