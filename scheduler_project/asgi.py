"""The web process: HTTP is Django's, WebSockets are Channels', and the relay of live frames lives as long as both."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from scheduler_project.body_limit import BodyLimit
from scheduler_project.content_type import ReadableContentType
from scheduler_project.database_url import share_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")
share_connections(settings.DATABASES["default"], settings.DATABASE_POOL_SIZE)
http_application = get_asgi_application()
limited_application = BodyLimit(ReadableContentType(http_application), upload_bytes=settings.UPLOAD_MAX_BYTES)

from channels.routing import ProtocolTypeRouter  # noqa: E402  # the apps must be loaded first

from notifications.relay import lifespan  # noqa: E402
from notifications.routing import websocket_application  # noqa: E402

application = ProtocolTypeRouter(
    {"http": limited_application, "websocket": websocket_application, "lifespan": lifespan},
)
