"""Examples that need nothing but the platform, or are the same for every organisation."""

from tasks_app.catalogue.example import Blank, Example, cron, daily

FIRST = Example(
    "failed-runs-of-the-day",
    "Failed runs of the last day",
    "start",
    "Writes a CSV of the runs that failed in the last day, every morning.",
    "export_report",
    daily("07:00"),
    {"source": "runs", "filters": {"status": "failed", "last_hours": 24}},
    queue="low-priority",
)

COMMON = (
    Example(
        "sync-auth0-users",
        "Sync Auth0 users",
        "common",
        "Keeps a copy of your Auth0 users and notes who is new, changed or gone.",
        "sync_external_service",
        cron("0 */6 * * *"),
        {
            "collection": "auth0-users",
            "key": "user_id",
            "pagination": {"style": "page", "start": 0, "size_parameter": "per_page", "size": 100},
            "remove_missing": True,
        },
        (
            Blank("url", "URL", "Your tenant's list of users.", "https://example.eu.auth0.com/api/v2/users"),
            Blank(
                "credential",
                "Credential",
                "An OAuth2 client of Auth0's Management API, made under Settings.",
                None,
                is_required=False,
            ),
        ),
    ),
    Example(
        "cleanup-expired-tokens",
        "Clean up expired tokens",
        "common",
        "Deletes API keys that ended a month ago, ended sessions and fetched access tokens.",
        "cleanup",
        daily("03:00"),
        {"rules": [{"what": "tokens", "older_than_days": 30}]},
        queue="low-priority",
        for_staff=True,
    ),
    Example(
        "generate-system-health-report",
        "System health report",
        "common",
        "Writes how the platform is: database, broker, workers and queues, and mails the link.",
        "export_report",
        daily("08:00"),
        {"source": "platform_health"},
        (Blank("email", "E-mail", "Who gets the link; nobody where it is empty.", ["ops@example.com"], False),),
        queue="low-priority",
        for_staff=True,
    ),
    Example(
        "database-backup",
        "Back up the database",
        "common",
        "Writes a consistent copy of the platform's database into storage and keeps the last ones.",
        "database_backup",
        cron("0 */6 * * *"),
        queue="low-priority",
        for_staff=True,
    ),
)
