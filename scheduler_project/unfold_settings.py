"""How the admin looks and what its sidebar leads to (django-unfold's UNFOLD)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

# Warm paper and bronze, as on the pages: hue 55 to 80.
_PAPER = {
    "50": "oklch(98.5% .004 80)",
    "100": "oklch(96.2% .006 80)",
    "200": "oklch(90.5% .008 75)",
    "300": "oklch(85% .010 75)",
    "400": "oklch(70% .012 72)",
    "500": "oklch(54% .013 65)",
    "600": "oklch(43% .014 60)",
    "700": "oklch(36% .012 62)",
    "800": "oklch(27.5% .010 65)",
    "900": "oklch(20% .008 65)",
    "950": "oklch(15.5% .007 65)",
}
_BRONZE = {
    "50": "oklch(97% .012 68)",
    "100": "oklch(94% .025 66)",
    "200": "oklch(89% .050 66)",
    "300": "oklch(83% .075 67)",
    "400": "oklch(78% .092 68)",
    "500": "oklch(69% .100 64)",
    "600": "oklch(47.5% .092 55)",
    "700": "oklch(41% .085 53)",
    "800": "oklch(35% .070 53)",
    "900": "oklch(29% .055 54)",
    "950": "oklch(21% .035 55)",
}
# Tables seen with a right that is not their own.
_SEEN_WITH = {
    "tasks_app.runrollup": "view_taskrun",
    "tasks_app.taskrevision": "view_scheduledtask",
    "tasks_app.taskcount": "view_scheduledtask",
    "tasks_app.plannedruns": "view_taskrun",
    "tasks_app.rollupmark": "view_taskrun",
    "tasks_app.auditentry": "see_audit",
    **dict.fromkeys(
        ("tasks_app.profile", "tasks_app.secondfactor", "tasks_app.recoverycode", "tasks_app.tokensignin"),
        "manage_people",
    ),
}
_THEMES = ("light", "dark")


def unfold(site_name: str, environment: str) -> dict[str, Any]:
    """Give the UNFOLD setting. Values that unfold would try to import are wrapped in functions."""
    tone = "warning" if environment == "production" else "info"
    return {
        "SITE_TITLE": lambda request: site_name,
        "SITE_HEADER": lambda request: site_name,
        "SITE_SUBHEADER": lambda request: "Administration",
        "SITE_URL": "/",
        "SITE_SYMBOL": "notifications",
        "SITE_FAVICONS": [
            {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("carillon/img/favicon.svg")}
        ],
        "SHOW_BACK_BUTTON": True,
        "ENVIRONMENT": lambda request: [environment, tone],
        "DASHBOARD_CALLBACK": "tasks_app.admin.dashboard.dashboard",
        "THEME": _theme,
        "STYLES": [lambda request: static("carillon/css/admin.css")],
        "COLORS": {"base": _PAPER, "primary": _BRONZE},
        "ACCOUNT": {
            "navigation": [_entry("Your settings", "settings"), _entry("Change password", "admin:password_change")]
        },
        "SIDEBAR": {"navigation": _navigation()},
    }


def _theme(request: HttpRequest) -> str | None:
    """The theme that was chosen on the pages; without a choice, unfold's own switch decides."""
    chosen = request.COOKIES.get("theme")
    return chosen if chosen in _THEMES else None


def _navigation() -> list[dict[str, Any]]:
    return [
        {"items": [{"title": "Dashboard", "icon": "dashboard", "link": reverse_lazy("admin:index")}]},
        _group(
            "Work",
            ("Tasks", "event_repeat", "tasks_app.scheduledtask"),
            ("Versions of tasks", "history", "tasks_app.taskrevision"),
            ("Runs", "play_circle", "tasks_app.taskrun"),
            ("Batches", "grid_view", "tasks_app.batch"),
            ("Calendars", "event_busy", "tasks_app.calendar"),
            ("Effects", "bolt", "tasks_app.effect"),
            ("Files", "description", "tasks_app.storedfile"),
            ("Shares", "share", "tasks_app.taskshare"),
            ("Collections", "layers", "tasks_app.syncedcollection"),
            ("Records", "dataset", "tasks_app.syncedrecord"),
            ("Changes of records", "difference", "tasks_app.syncedchange"),
            ("E-mail templates", "mail", "tasks_app.emailtemplate"),
        ),
        _group(
            "Machinery",
            ("Queues", "stacks", "tasks_app.queue"),
            ("Workers", "memory", "tasks_app.worker"),
            ("Beats", "timer", "tasks_app.beat"),
            ("Leases", "vpn_key", "tasks_app.lease"),
            ("Rules of task types", "rule", "tasks_app.typerule"),
            ("Allowed commands", "terminal", "tasks_app.allowedcommand"),
            ("Figures", "bar_chart", "tasks_app.runrollup"),
            ("How far figures reach", "start", "tasks_app.rollupmark"),
            ("Counts of tasks", "tag", "tasks_app.taskcount"),
            ("Planned runs", "upcoming", "tasks_app.plannedruns"),
            ("Remembered answers", "replay", "tasks_app.idempotencykey"),
        ),
        _group(
            "Celery",
            ("Periodic tasks", "schedule", "django_celery_beat.periodictask"),
            ("Crontabs", "calendar_month", "django_celery_beat.crontabschedule"),
            ("Intervals", "repeat", "django_celery_beat.intervalschedule"),
            ("Clocked", "alarm", "django_celery_beat.clockedschedule"),
            ("Solar events", "wb_twilight", "django_celery_beat.solarschedule"),
            ("Task results", "fact_check", "django_celery_results.taskresult"),
            ("Group results", "ballot", "django_celery_results.groupresult"),
        ),
        _group(
            "People",
            ("Users", "person", "auth.user"),
            ("Groups", "group", "auth.group"),
            ("Profiles", "badge", "tasks_app.profile"),
            ("Second factors", "phonelink_lock", "tasks_app.secondfactor"),
            ("Recovery codes", "password", "tasks_app.recoverycode"),
            ("Token sign-ins", "devices", "tasks_app.tokensignin"),
            ("Credentials", "lock", "tasks_app.credential"),
            ("API keys", "key", "tasks_app.apikey"),
            ("Mails sent", "outgoing_mail", "tasks_app.mailcount"),
            ("Audit log", "receipt_long", "tasks_app.auditentry"),
        ),
    ]


def _group(title: str, *entries: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "title": title,
        "separator": True,
        "collapsible": False,
        "items": [
            {
                "title": words,
                "icon": icon,
                "link": reverse_lazy(f"admin:{label.replace('.', '_')}_changelist"),
                "permission": _may_view(label),
            }
            for words, icon, label in entries
        ],
    }


def _may_view(label: str) -> Callable[[HttpRequest], bool]:
    app, _, model = label.partition(".")
    if label in _SEEN_WITH:
        return lambda request: request.user.has_perm(f"{app}.{_SEEN_WITH[label]}")
    names = (f"{app}.view_{model}", f"{app}.change_{model}")
    return lambda request: any(request.user.has_perm(name) for name in names)


def _entry(title: str, name: str) -> dict[str, Any]:
    return {"title": title, "link": reverse_lazy(name)}
