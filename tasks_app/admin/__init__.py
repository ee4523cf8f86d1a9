"""The Django admin: everything there is, to be seen; what can be done goes through the services.

Importing this package registers its parts, which is how Django finds them.
"""

from tasks_app.admin import (
    access,
    audit,
    batches,
    calendars,
    commands,
    credentials,
    effects,
    figures,
    outside,
    people,
    periodic,
    platform,
    results,
    runs,
    schedules,
    sharing,
    signed_in,
    tasks,
    type_rules,
)

__all__ = [
    "access",
    "audit",
    "batches",
    "calendars",
    "commands",
    "credentials",
    "effects",
    "figures",
    "outside",
    "people",
    "periodic",
    "platform",
    "results",
    "runs",
    "schedules",
    "sharing",
    "signed_in",
    "tasks",
    "type_rules",
]
