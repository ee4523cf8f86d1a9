"""A small Django project for django-q2 with its database as the broker."""

import os

SECRET_KEY = "benchmark"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_q"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],
        "HOST": os.environ["PGHOST"],
        "USER": os.environ["PGUSER"],
        "PORT": os.environ.get("PGPORT", ""),
        "PASSWORD": os.environ.get("PGPASSWORD", ""),
        "CONN_MAX_AGE": None,
    }
}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
Q_CLUSTER = {
    "name": "bench",
    "orm": "default",
    "workers": 2,
    "recycle": 1_000_000,
    "timeout": None,
    "retry": 3600,
    "queue_limit": 100,
    "bulk": 10,
    "poll": 0.1,
    "save_limit": 0,
    "catch_up": False,
    "log_level": "ERROR",
}
