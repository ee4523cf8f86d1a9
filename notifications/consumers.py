"""`/ws/`: one socket, its subscriptions, and the rule join, then snapshot, then forward.

All that happens to a socket is handled one by one. So a frame that arrives while a snapshot is being read waits its
turn, and is dropped then if the snapshot already said it.
"""

import asyncio
import logging
import random
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError
from pydantic import ValidationError

from notifications.groups import SOCKETS, Topic, parse_topic
from notifications.layer import LiveLayer
from notifications.messages import Command, ErrorFrame, Frame, Pong, Subscribed, Unsubscribed
from notifications.rate import Bucket
from notifications.signin import PROTOCOL, credentials, is_origin_right
from notifications.snapshots import Snapshot, snapshot
from notifications.subscriptions import Subscriptions

logger = logging.getLogger(__name__)

UNAUTHENTICATED, POLICY, TOO_BIG, TRY_AGAIN = 4401, 1008, 1009, 1013

FRAME_BYTES = 4096
SUBSCRIPTIONS = 100
CHECK_SECONDS = 10.0
"""How often an open socket is asked whether it is still allowed, and looks at the database for frames that got lost."""
SEND_SECONDS = 20.0
"""A client that takes no frame for this long is gone."""
SLOW_SECONDS = 0.5
"""A client that can't keep up gets fresh looks instead, at most this often."""
SPREAD_SECONDS = 1.0
"""After a lost connection to Redis all sockets look at the database, spread over this time."""


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """The socket of one signed-in person or program."""

    channel_layer: LiveLayer
    channel_name: str
    scope: dict[str, Any]

    def __init__(self, *, check_seconds: float = CHECK_SECONDS, spread_seconds: float = SPREAD_SECONDS) -> None:
        super().__init__()
        self._check_seconds = check_seconds
        self._spread_seconds = spread_seconds
        self._checked_at = 0.0
        self._is_refresh_due = False
        self._rate = Bucket(burst=150, per_second=10)
        self._tasks: set[asyncio.Task[None]] = set()
        self._user: AbstractBaseUser | None = None
        self._subscriptions = Subscriptions()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; whatever ends it, nothing of it stays behind."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            for task in self._tasks:
                task.cancel()
            self.channel_layer.forget(self.channel_name)

    async def connect(self) -> None:
        """Let a client in who may come in: a wrong origin gets no socket, a stranger gets close code 4401."""
        self._credentials = credentials(self.scope)
        if not self._credentials.api_key and not is_origin_right(self.scope):
            await self.close()
            return
        await self.accept(PROTOCOL if PROTOCOL in self.scope.get("subprotocols", ()) else None)
        if await self._is_signed_in():
            await self.channel_layer.group_add(SOCKETS, self.channel_name)
            self._spawn(self._keep_right())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Obey one command of the client."""
        if self._user is None:
            return
        if not self._rate.take():
            await self._refuse("rate_limited", close=POLICY)
        elif text_data is None or len(text_data.encode()) > FRAME_BYTES:
            await self._refuse("frame_too_large" if text_data else "not_text", close=TOO_BIG if text_data else POLICY)
        else:
            await self._obey(text_data)

    async def live_frame(self, message: dict[str, Any]) -> None:
        """Forward a frame, if it concerns a subscription and is news."""
        text = self._subscriptions.text_for(message) if self._user is not None else None
        if text is not None:
            await self._send_text(text)

    async def live_check(self, _: dict[str, Any]) -> None:
        """Ask again whether the client may be here, and send what it has missed."""
        await self._look_again(announce=False)

    async def live_resync(self, message: dict[str, Any]) -> None:
        """Frames were lost: here, because the client is slow, or for all, on the way from Redis. Look again, once."""
        if not self._is_refresh_due:
            self._is_refresh_due = True
            seconds = random.uniform(0, self._spread_seconds) if message["is_for_all"] else SLOW_SECONDS
            self._spawn(self._later(seconds))

    async def live_refresh(self, _: dict[str, Any]) -> None:
        """Send what was missed, and say so: lists may have missed more than a snapshot holds."""
        self._is_refresh_due = False
        await self._look_again(announce=True)

    async def _obey(self, text: str) -> None:
        try:
            command = Command.model_validate_json(text)
        except ValidationError:
            await self._refuse("bad_request")
            return
        if command.ping is not None:
            await self._send(Pong(n=command.ping))
        elif (topic := parse_topic(command.subscribe or command.unsubscribe)) is None:
            await self._refuse("unknown_topic", topic=(command.subscribe or command.unsubscribe or "")[:100])
        elif command.subscribe is not None:
            await self._subscribe(topic)
        else:
            await self._leave(topic)
            await self._send(Unsubscribed(topic=str(topic)))

    async def _subscribe(self, topic: Topic) -> None:
        assert self._user is not None
        if topic not in self._subscriptions and len(self._subscriptions) >= SUBSCRIPTIONS:
            await self._refuse("too_many_subscriptions", topic=str(topic))
            return
        self._subscriptions.begin(topic)
        await self.channel_layer.group_add(self._subscriptions.group(topic), self.channel_name)
        if await self._look(topic):
            await self._send(Subscribed(topic=str(topic)))

    async def _look_again(self, *, announce: bool) -> None:
        is_due = time.monotonic() - self._checked_at > self._check_seconds / 2
        if self._user is None or (is_due and not await self._is_signed_in()):
            return
        for topic in self._subscriptions.open_topics(everything=announce):
            if await self._look(topic) and announce:
                await self._send(Subscribed(topic=str(topic)))

    async def _look(self, topic: Topic) -> bool:
        """Send what is new about a topic; False, and no longer subscribed, when it doesn't exist for this user."""
        try:
            found = await self._read(topic)
        except DatabaseError as fault:
            logger.warning("a live snapshot could not be read: %s", fault)
            return topic in self._subscriptions
        if found is None:
            await self._leave(topic)
            await self._refuse("not_found", topic=str(topic))
            return False
        for frame in self._subscriptions.news(topic, found):
            await self._send(frame)
        return True

    async def _read(self, topic: Topic) -> Snapshot | None:
        after = self._subscriptions.last_line(topic)
        found: Snapshot | None = await database_sync_to_async(snapshot)(self._user, topic, after_line=after)
        return found

    async def _leave(self, topic: Topic) -> None:
        if topic in self._subscriptions:
            await self.channel_layer.group_discard(self._subscriptions.group(topic), self.channel_name)
            self._subscriptions.end(topic)

    async def _is_signed_in(self) -> bool:
        """Ask who this is. Somebody else's rights than before mean other groups, so the client has to come again."""
        try:
            user = await database_sync_to_async(self._credentials.user)()
        except DatabaseError as fault:
            logger.warning("a live socket could not be checked: %s", fault)
            await self._stay_without_database()
            return self._user is not None
        self._checked_at = time.monotonic()
        if user is None or not self._subscriptions.belong_to(user):
            self._user = None
            await self.close(UNAUTHENTICATED)
            return False
        self._user = user
        return True

    async def _stay_without_database(self) -> None:
        """Nothing is read for anybody while the database is away; who is in stays, who wants in comes again."""
        if self._user is None:
            await self.close(TRY_AGAIN)

    async def _keep_right(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds * random.uniform(0.8, 1.2))
            self.channel_layer.put(self.channel_name, {"type": "live.check"})

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.channel_layer.put(self.channel_name, {"type": "live.refresh"})

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, code: str, *, topic: str | None = None, close: int | None = None) -> None:
        await self._send(ErrorFrame(code=code, topic=topic))
        if close is not None:
            self._user = None
            await self.close(close)

    async def _send(self, frame: Frame) -> None:
        await self._send_text(frame.encode())

    async def _send_text(self, text: str) -> None:
        """Send, or end: a client that has gone, or takes nothing, ends the socket and not the process."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(text_data=text)
        except (OSError, RuntimeError):
            raise StopConsumer from None
