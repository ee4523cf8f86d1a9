"""Celery's Redis transports, made to go on after something that is no message: it is dropped, and the log says so.

kombu raises where it cannot read what was in the queue, and Celery takes that for the end of the worker. A message is
only a wake-up, so nothing is lost with one.
"""

import json
import logging
from collections.abc import Callable
from functools import partial
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.utils import json as json_utils

logger = logging.getLogger(__name__)

_EXCERPT = 200
_PIDBOX, _REPLIES = ".celery.pidbox", ".reply.celery.pidbox"
# kombu counts KeyError among the losses of a connection; here it is a field that a message lacks.
_AWAY = tuple(kind for kind in redis.Transport.connection_errors if kind is not KeyError)
_KNOWN: tuple[type[Exception], ...] = (
    Empty,
    *redis.Transport.connection_errors,
    *redis.Transport.channel_errors,
)


class NoMessageError(ValueError):
    """What was in the queue has not the shape of a message."""


class Message(virtual.Message):
    """A message that says what it is made of when it cannot be made."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        try:
            super().__init__(payload, channel=channel, **options)
            _ = self.delivery_info["exchange"], self.delivery_info["routing_key"]
            if not isinstance(self.delivery_tag, str):
                raise TypeError("the delivery tag is no text")
        except Exception as error:
            raise NoMessageError(f"{error!r} in {_excerpt(payload)}") from error


class Careful:
    """What the channels share. A mixin, because kombu has one channel for a server and one for sentinels."""

    Message = Message
    handlers: dict[str, Callable[..., Any]]
    heard = 1
    """How many heard what was last published to whom it may concern; kombu keeps that to itself."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.handlers = {name: partial(_read, read) for name, read in self.handlers.items()}

    def basic_consume(self, queue: str, no_ack: bool, callback: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Consume a queue, and let no message end the consumer."""
        is_for_commands = queue.endswith(_PIDBOX) and not queue.endswith(_REPLIES)
        taken = partial(_take, callback, is_for_commands)
        return super().basic_consume(queue, no_ack, taken, *args, **options)  # type: ignore[misc]

    def _put_fanout(self, exchange: str, message: Any, routing_key: str, **options: Any) -> None:
        if options.get("_publish_batch") is not None:  # published later, with others
            super()._put_fanout(exchange, message, routing_key, **options)  # type: ignore[misc]
            return
        topics = self._get_publish_topics(exchange, routing_key)  # type: ignore[attr-defined]
        with self.conn_or_acquire() as client:  # type: ignore[attr-defined]
            self.heard = sum(client.publish(topic, json_utils.dumps(message)) for topic in topics)


def _read(read: Callable[..., Any], **options: Any) -> Any:
    try:
        return read(**options)
    except _KNOWN:
        raise
    except Exception as error:
        where = f" in {_excerpt(error.doc)}" if isinstance(error, json.JSONDecodeError) else ""
        logger.error("what was in the queue is no message, and was dropped: %r%s", error, where)
        return True


def _take(callback: Callable[..., Any], is_for_commands: bool, message: Any) -> Any:
    try:
        if is_for_commands:
            _check_command(message.payload)
        return callback(message)
    except _AWAY:
        raise
    except Exception:
        logger.exception("a message could not be taken, and was dropped: %s", _excerpt(message.headers))
        if not message.acknowledged:
            message.reject_log_error(logger, _AWAY)


def _check_command(body: Any) -> None:
    """Refuse what is no command: after such a one Celery opens its channel anew, and may then hear nothing."""
    if not isinstance(body, dict) or not isinstance(body.get("method"), str):
        raise NoMessageError("no command")
    if not isinstance(body.get("destination"), list | None):
        raise NoMessageError("a command for no list of workers")


def _excerpt(found: Any) -> str:
    text = repr(found)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


class Channel(Careful, redis.Channel):  # type: ignore[misc]
    """The channel to one server."""


class SentinelChannel(Careful, redis.SentinelChannel):  # type: ignore[misc]
    """The channel to the server that the sentinels name."""


class Transport(redis.Transport):
    """For redis://, rediss:// and unix sockets."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """For sentinel://."""

    Channel = SentinelChannel


def register() -> None:
    """Let these stand for the schemes of every broker URL; kombu takes the scheme's before any that is named."""
    careful = f"{__name__}:Transport"
    TRANSPORT_ALIASES.update(redis=careful, rediss=careful, sentinel=f"{__name__}:SentinelTransport")
