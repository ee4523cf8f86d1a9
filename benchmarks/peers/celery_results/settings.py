"""A small Django project whose database keeps Celery's results."""

import os

SECRET_KEY = "benchmark"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_celery_results"]
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
CELERY_BROKER_URL = os.environ["REDIS"]
CELERY_RESULT_BACKEND = "django-db"
CELERY_WORKER_PREFETCH_MULTIPLIER = 64
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
