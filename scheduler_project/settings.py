"""All settings, from the environment only. docs/settings.md and .env.example are made from what is declared here."""

import os
import zoneinfo
from pathlib import Path
from urllib.parse import urlsplit

from scheduler_project import (
    __version__,
    checked,
    django_parts,
    doors,
    keys,
    ports,
    redis_url,
    rest_settings,
    sign_in,
    storage_url,
    unfold_settings,
)
from scheduler_project.database_url import database
from scheduler_project.env import Env
from scheduler_project.limit_settings import limits
from scheduler_project.logs import logging_config
from scheduler_project.private_networks import by_permission
from scheduler_project.retention import audit_days, days_by_status

# Time zone rules come from the locked tzdata package, the same on every machine, never from the machine's own.
zoneinfo.reset_tzpath(to=())

VERSION = __version__
BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

env.section("Where it runs")
VAR_DIR = Path(
    env.text("VAR_DIR", str(BASE_DIR / "var"), shown="var/", help="Where everything local is kept.")
).absolute()
DEBUG = env.switch("DEBUG", False, help="Django's own error pages. Never where strangers can reach it.")
ENVIRONMENT = env.text(
    "ENVIRONMENT",
    "development" if DEBUG or not any(map(env.has, ("DATABASE_URL", "SECRET_KEY", "DEBUG"))) else "production",
    shown="development with `make run`, with DEBUG=1 and on a bare checkout; otherwise production",
    help="The label on every page. Everywhere but in `development` the keys must be given.",
)
IS_DEVELOPMENT = ENVIRONMENT == "development"
BIND = env.text("BIND", "127.0.0.1", help="The address that the web process listens on.")
PORT = env.number("PORT", 8000, low=1, high=65535, help="The port of the web process.")
BASE_URL = checked.base_url(
    env.text(
        "BASE_URL",
        f"http://localhost:{PORT}",
        shown="http://localhost:PORT",
        help="How people reach the platform; links in mails begin with it. With https:// cookies are secure.",
    )
)
ALLOWED_HOSTS = checked.hosts(
    env.members(
        "ALLOWED_HOSTS",
        [str(urlsplit(BASE_URL).hostname), "localhost", "127.0.0.1", "[::1]"],
        shown="the host of BASE_URL, and localhost",
        help="Host names that are answered.",
    )
)
TRUSTED_PROXIES = checked.networks(
    "TRUSTED_PROXIES",
    env.members("TRUSTED_PROXIES", [], help="Addresses or networks whose X-Forwarded-For and -Proto are believed."),
)
CORS_ORIGINS, API_DOCS_PUBLIC = doors.cors_origins(env), doors.api_docs(env)
SITE_NAME = env.text("SITE_NAME", "Carillon", help="The name on pages and in mails.")
TIME_ZONE = checked.time_zone(env.text("TIME_ZONE", "UTC", help="The zone of pages and of new schedules."))
LOG_FORMAT = env.text("LOG_FORMAT", "console", choices=("console", "json"), help="How log lines look.")

env.section("Keys")
SECRET_KEY = keys.secret_key(env, VAR_DIR, make=IS_DEVELOPMENT)
FIELD_KEYS = keys.field_keys(env, VAR_DIR, make=IS_DEVELOPMENT)
SIGN_IN = sign_in.read(env)

env.section("Servers")
DATABASES = {
    "default": database(
        env.text("DATABASE_URL", "", shown="SQLite under var/", help="`postgres://user:password@host:port/name`."),
        VAR_DIR / "db.sqlite3",
    )
}
DATABASE_POOL_SIZE = env.number(
    "DATABASE_POOL_SIZE", 20, low=2, high=500, help="PostgreSQL connections that one web process holds at most."
)
IS_SQLITE = DATABASES["default"]["ENGINE"] == "scheduler_project.sqlite"
IS_REDIS_EMBEDDED = not env.has("REDIS_URL")
REDIS_URL = checked.redis(
    env.text(
        "REDIS_URL",
        f"unix://{VAR_DIR / 'redis.sock'}",
        shown="the embedded server",
        help="`redis://`, `rediss://`, `unix://`, `sentinel://host,host/0?master_name=name` or `rediss+sentinel://…`.",
    ),
    is_given=not IS_REDIS_EMBEDDED,
)
doors.refuse_open(
    env, redis=REDIS_URL, base_url=BASE_URL, hosts=ALLOWED_HOSTS, debug=DEBUG, is_development=IS_DEVELOPMENT
)
REDIS_PREFIX = env.text("REDIS_PREFIX", "carillon:", help="What every key and channel in Redis begins with.")
MAILBOX_PORT = env.number(
    "MAILBOX_PORT",
    ports.kept(VAR_DIR, "mailbox"),
    low=1,
    high=65535,
    shown="1025, or a free one",
    help="The loopback port of the development mailbox.",
)
EMAIL_URL = env.text(
    "EMAIL_URL",
    f"smtp://127.0.0.1:{MAILBOX_PORT}",
    shown="the development mailbox",
    help="`smtp://user:password@host:port`; `smtp+tls://` for STARTTLS, `smtp+ssl://` for TLS from the start.",
)
DEFAULT_FROM_EMAIL = checked.sender(
    env.text("EMAIL_FROM", "Carillon <carillon@localhost>", help="The sender of every mail.")
)
MAIL_DOMAINS = env.members(
    "MAIL_DOMAINS",
    checked.own_domains(DEFAULT_FROM_EMAIL, BASE_URL),
    shown="the domain of EMAIL_FROM and the host of BASE_URL",
    help="The domains that everybody's tasks may mail to; others need the permission `mail_outside`.",
)
MAIL_DAILY_LIMIT = env.number(
    "MAIL_DAILY_LIMIT", 1000, low=1, high=10_000_000, help="How many mails one person's tasks may send in a day (UTC)."
)
REPORT_ATTACH_MAX_BYTES = env.number(
    "REPORT_ATTACH_MAX_BYTES",
    5_000_000,
    low=1,
    high=25_000_000,
    help="The largest report that is attached to a mail; a larger one is linked.",
)
STORAGE_URL = env.text(
    "STORAGE_URL",
    f"file://{VAR_DIR / 'files'}",
    shown="var/files",
    help="Where files go, the same for every web and worker: `file:///path`, "
    "`s3://KEY:SECRET@host:port/bucket/prefix?region=…&tls=1`, "
    "or `s3://bucket?region=…` with the machine's credentials.",
)
UPLOAD_MAX_BYTES = env.number(
    "UPLOAD_MAX_BYTES", 26_214_400, low=1024, high=5_368_709_120, help="The largest file that people may upload."
)
UPLOAD_TOTAL_MAX_BYTES = env.number(
    "UPLOAD_TOTAL_MAX_BYTES",
    1_073_741_824,
    low=1024,
    high=1_099_511_627_776,
    help="How much one person's uploads may take together.",
)
FLOWER_PORT = env.number(
    "FLOWER_PORT",
    ports.kept(VAR_DIR, "flower"),
    low=1,
    high=65535,
    shown="5555, or a free one",
    help="The loopback port of Flower, which only the web process asks.",
)
METRICS_TOKEN = checked.metrics_token(env)

env.section("Workers")
WORKER_CONCURRENCY = env.number(
    "WORKER_CONCURRENCY",
    2 if IS_SQLITE else os.cpu_count() or 2,
    low=1,
    high=256,
    shown="2 on SQLite, otherwise the number of processors",
    help="How many runs one worker executes at once.",
)
WORKER_QUEUES = checked.names(
    "WORKER_QUEUES",
    env.members("WORKER_QUEUES", ["critical", "default", "low-priority"], help="The queues that a worker serves."),
)
WORKER_NAME = env.text("WORKER_NAME", "carillon@%h", help="The worker's name, unique per worker; `%h` is the host.")
STOP_GRACE_SECONDS = env.number(
    "STOP_GRACE_SECONDS", 25, low=1, high=3600, help="How long a stopping worker lets its runs finish."
)

env.section("Engine")
LEASE_SECONDS = env.number(
    "LEASE_SECONDS",
    120 if IS_SQLITE else 30,
    low=5,
    high=3600,
    shown="30, on SQLite 120",
    help="A run whose worker is silent for so long is given to another.",
)
UPKEEP_SECONDS = env.number("UPKEEP_SECONDS", 5, low=1, high=300, help="The pause between rounds of upkeep.")
RETRY_MAX = env.number("RETRY_MAX", 3, low=0, high=50, help="Retries where neither task nor type says a number.")
MIN_INTERVAL_SECONDS = env.number(
    "MIN_INTERVAL_SECONDS", 5, low=1, high=86_400, help="The shortest interval of a schedule."
)
LOG_LINES_PER_RUN = env.number(
    "LOG_LINES_PER_RUN", 10_000, low=100, high=1_000_000, help="Log lines kept per run; beyond it the middle is cut."
)
PAYLOAD_MAX_BYTES = env.number("PAYLOAD_MAX_BYTES", 65_536, low=1024, high=1_048_576, help="The largest payload.")
RETENTION_DAYS = env.number("RETENTION_DAYS", 30, low=1, high=3650, help="How long finished runs are kept.")
RETENTION_DAYS_BY_STATUS = days_by_status(env, RETENTION_DAYS)
AUDIT_RETENTION_DAYS = audit_days(env)
CANCEL_GRACE_SECONDS = env.number(
    "CANCEL_GRACE_SECONDS", 10, low=1, high=600, help="How long a cancelled handler may take to stop by itself."
)
ALLOW_PRIVATE_ADDRESSES = env.switch(
    "ALLOW_PRIVATE_ADDRESSES", False, help="Whether tasks may call addresses inside the network."
)
PRIVATE_NETWORKS_BY_PERMISSION = by_permission(env)
ALLOW_SHELL_COMMANDS = env.switch(
    "ALLOW_SHELL_COMMANDS", False, help="Whether tasks may run the commands that administrators have allowed."
)
PG_DUMP = env.text(
    "PG_DUMP", "pg_dump", help="The pg_dump for backups of PostgreSQL; its neighbours are used to check and restore."
)
RUN_EVENTS = env.switch("RUN_EVENTS", True, help="Whether workers tell Flower and `celery events` about each run.")
LIMITS = limits(env)

# What follows from these needs no variable of its own.
IS_HTTPS = BASE_URL.startswith("https://")
MAILBOX_DIR = VAR_DIR / "mailbox"
FLOWER_SECRET = keys.derived(SECRET_KEY, "flower")
TOKEN_KEY = keys.derived(SECRET_KEY, "tokens")
# Packages below this one open their Redis connections through these: only redis_url knows every form of the URL.
REDIS_CLIENT = "scheduler_project.redis_client.connect"
REDIS_ASYNC_CLIENT = "scheduler_project.redis_client.connect_async"
TYPE_RULE_SECONDS = 2.0  # so old may the rules of task types be that a process goes by

INSTALLED_APPS = django_parts.INSTALLED_APPS
MIDDLEWARE = django_parts.MIDDLEWARE
ROOT_URLCONF = "scheduler_project.urls"
ASGI_APPLICATION = "scheduler_project.asgi.application"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a form of many rows has several for each
TEMPLATES = django_parts.templates(BASE_DIR / "templates")
UNFOLD = unfold_settings.unfold(SITE_NAME, ENVIRONMENT)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LANGUAGE_CODE = "en"
LOGGING = logging_config(LOG_FORMAT)

AUTH_PASSWORD_VALIDATORS = sign_in.PASSWORD_VALIDATORS
PASSWORD_RESET_TIMEOUT = sign_in.RESET_LINK_SECONDS
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "/", LOGIN_URL
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "carillon_session", "carillon_csrf"
SESSION_ENGINE, SESSION_COOKIE_AGE = "scheduler_project.sessions", 14 * 86_400
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
CSRF_TRUSTED_ORIGINS, CSRF_FAILURE_VIEW = [BASE_URL], "tasks_app.web.signed_out.expired"
# Probes come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|statusz|metrics)/?$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY, X_FRAME_OPTIONS = "same-origin", "DENY"
# Subdomains and browsers' preload lists are the domain owner's to decide, not this host's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

STATIC_URL = "/static/"
# In development the files are served from where they are.
STATIC_ROOT = None if IS_DEVELOPMENT else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = IS_DEVELOPMENT
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = storage_url.storages(STORAGE_URL, is_development=IS_DEVELOPMENT)

_mail = checked.email(EMAIL_URL)
EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.host, _mail.port, _mail.use_tls, _mail.use_ssl
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_TIMEOUT = _mail.user, _mail.password, 10
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DEFAULT_EXCEPTION_REPORTER_FILTER = "scheduler_project.error_report.NoVariables"

# Each web process has a relay that hears one Redis channel and fans out to its own sockets, so groups stay in-process.
CHANNEL_LAYERS = {"default": {"BACKEND": "notifications.layer.LiveLayer"}}

REST_FRAMEWORK = rest_settings.REST_FRAMEWORK
SPECTACULAR_SETTINGS = rest_settings.spectacular(VERSION)

CELERY_BROKER_URL, _transport = redis_url.broker(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {**_transport, "global_keyprefix": REDIS_PREFIX}
CELERY_BROKER_USE_SSL = redis_url.broker_tls(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # a full Redis, or a replica, refuses: connect anew until it takes writes
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: after a hundred a worker would end
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 5
CELERY_RESULT_BACKEND = "tasks_app.results:RunBackend"
CELERY_RESULT_EXPIRES = 7 * 86_400
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "default"
# A message is only a wake-up, and the database says what there is to do: losing one is harmless, hoarding one is not.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_CONCURRENCY = WORKER_CONCURRENCY
# Parent and children share a small memory, made before the fork.
CELERY_WORKER_POOL_START_METHOD = "fork"
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "tasks_app.scheduler:DueScheduler"
# Celery closes the connection around every task unless told to reuse it; the engine checks it before each claim.
CELERY_DB_REUSE_MAX = 1_000_000
