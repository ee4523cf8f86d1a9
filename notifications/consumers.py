"""`/ws/`: one socket, its subscriptions, and the rule join, then snapshot, then forward.

All that happens to a socket is handled one by one. So a frame that arrives while a snapshot is being read waits its
turn, and is dropped then if the snapshot already said it.
"""

import asyncio
import logging
import random
import time
from contextlib import suppress
from functools import partial
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError
from pydantic import ValidationError

from notifications.groups import SOCKETS, Topic, parse_topic
from notifications.layer import LiveLayer
from notifications.messages import Command, ErrorFrame, Frame, Pong, Subscribed, Unsubscribed
from notifications.rate import Bucket, Places
from notifications.rights import Rights
from notifications.signin import PROTOCOL, credentials, is_origin_right
from notifications.snapshots import Snapshot, snapshot
from notifications.subscriptions import Subscriptions

logger = logging.getLogger(__name__)

UNAUTHENTICATED, TOO_MANY, POLICY, TOO_BIG, TRY_AGAIN = 4401, 4429, 1008, 1009, 1013

FRAME_BYTES = 4096
CHECK_SECONDS, CHECK_SPREAD = 10.0, (0.7, 0.9)
"""An open socket is asked at least so often whether it is still allowed, and looks for frames that got lost."""
SHARED = 0.1
"""For this share of that time what another socket was answered still counts."""
SEND_SECONDS = 20.0
"""A client that takes no frame for this long is gone."""
SLOW_SECONDS = 0.5
"""A client that can't keep up gets fresh looks instead, at most this often."""
SPREAD_SECONDS, SPREAD_SOCKETS = 1.0, 50
"""When frames were lost for many, they look at the database spread over this time for each so many sockets."""
SNAPSHOT, MADE_GOOD, MADE_GOOD_SENDS = 1000, 25, 2500
"""The most frames of a first look, and of a later one, to each and to all sockets together, but always two: where a run
stands, and its log. Where a later one finds more, the client is to read anew."""
PLACES = Places()


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
        self._turn = asyncio.Lock()
        self._is_refresh_due = False
        self._lost_at = 0.0
        self._rate = Bucket(settings.LIMITS.frames_burst, settings.LIMITS.frames_per_second)
        self._place: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._user: AbstractBaseUser | None = None
        self._subscriptions = Subscriptions()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; whatever ends it, nothing of it stays behind."""
        self.scope, self.base_send = scope, send
        self.channel_layer = get_channel_layer()
        self.channel_name = await self.channel_layer.new_channel()
        try:
            await self._first_end(self._hear(receive), self._forward())
        finally:
            for task in self._tasks:
                task.cancel()
            self.channel_layer.forget(self.channel_name)
            if self._place is not None:
                PLACES.leave(self._place)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle one message after the other. Channels would visit the database's thread before each; our reads do."""
        async with self._turn:
            await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Let a client in who may come in: a wrong origin gets no socket, a stranger gets close code 4401."""
        self._credentials = credentials(self.scope)
        if not self._credentials.bearer and not is_origin_right(self.scope):
            await self.close()
            return
        await self.accept(PROTOCOL if PROTOCOL in self.scope.get("subprotocols", ()) else None)
        if await self._is_signed_in(since=asyncio.get_running_loop().time()) and await self._has_place():
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
        if await self._is_still_right() and not self._is_refresh_due:
            await self._look_again(since=self._lately(), announce=False)

    async def live_resync(self, message: dict[str, Any]) -> None:
        """Frames were lost: here, because the client is slow, or for so many sockets. Look again, once."""
        self._lost_at = asyncio.get_running_loop().time()
        if not self._is_refresh_due:
            self._is_refresh_due = True
            most = self._spread_seconds * max(1, message["sockets"] / SPREAD_SOCKETS)
            self._spawn(self._later(random.uniform(0, most) if message["sockets"] else SLOW_SECONDS))  # noqa: S311  # spreads load, keeps no secret

    async def live_refresh(self, _: dict[str, Any]) -> None:
        """Send what was missed, and say so: lists may have missed more than a snapshot holds."""
        if await self._is_still_right():
            await self._look_again(since=max(self._lost_at, self._lately()), announce=True)

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
        if topic not in self._subscriptions and len(self._subscriptions) >= settings.LIMITS.subscriptions_per_socket:
            await self._refuse("too_many_subscriptions", topic=str(topic))
            return
        self._subscriptions.begin(topic)
        for group in self._subscriptions.groups(topic):
            await self.channel_layer.group_add(group, self.channel_name)
        await self._look(topic, since=asyncio.get_running_loop().time(), announce=True)

    async def _look_again(self, *, since: float, announce: bool) -> None:
        most = max(2, min(MADE_GOOD, MADE_GOOD_SENDS // max(1, len(self.channel_layer.groups.get(SOCKETS, ())))))
        for topic in self._subscriptions.open_topics(everything=announce):
            announce |= await self._look(topic, since=since, announce=announce, most=most)

    async def _look(self, topic: Topic, *, since: float, announce: bool, most: int = SNAPSHOT) -> bool:
        """Send what is new about a topic, and say that this was all; it ends when it doesn't exist for this user.

        Instead of more than `most` news the client is to read anew. Says whether: they are no news for other topics.
        """
        news: list[Frame] = []
        try:
            found = await self._read(topic, since)
        except DatabaseError as fault:
            logger.warning("a live snapshot could not be read: %s", fault)
        else:
            if found is None:
                await self._leave(topic)
                await self._refuse("not_found", topic=str(topic))
                return False
            news = list(self._subscriptions.news(topic, found))
        for frame in news if len(news) <= most else ():
            await self._send(frame)
        if topic in self._subscriptions and (announce or len(news) > most):
            await self._send(Subscribed(topic=str(topic)))
        return len(news) > most

    async def _read(self, topic: Topic, since: float) -> Snapshot | None:
        """Read a topic as it was at `since` or later, together with the sockets that ask the same."""
        user, after = self._user, self._subscriptions.last_line(topic)
        assert user is not None
        read = partial(_in_thread, snapshot, user, topic, after_line=after)
        found: Snapshot | None = await self.channel_layer.reads.get((Rights.of(user), topic, after), read, since=since)
        return found

    def _lately(self) -> float:
        """The instant since which an answer that another socket got is as good as an own one."""
        return asyncio.get_running_loop().time() - self._check_seconds * SHARED

    async def _leave(self, topic: Topic) -> None:
        if topic in self._subscriptions:
            self._subscriptions.end(topic)
            for group in set(self._subscriptions.groups(topic)) - self._subscriptions.needed_groups():
                await self.channel_layer.group_discard(group, self.channel_name)

    async def _is_still_right(self) -> bool:
        is_due = time.monotonic() - self._checked_at > self._check_seconds / 2
        return self._user is not None and (not is_due or await self._is_signed_in(since=self._lately()))

    async def _is_signed_in(self, *, since: float) -> bool:
        """Ask who this is. Somebody else's rights than before mean other groups, so the client has to come again."""
        read = partial(_in_thread, self._credentials.user)
        try:
            user = await self.channel_layer.reads.get(self._credentials, read, since=since)
        except DatabaseError as fault:
            logger.warning("a live socket could not be checked: %s", fault)
            await self._stay_without_database()
            return self._user is not None
        self._checked_at = time.monotonic()
        if user is None or not self._subscriptions.belong_to(Rights.of(user)):
            self._user = None
            await self.close(UNAUTHENTICATED)
            return False
        self._user = user
        return True

    async def _has_place(self) -> bool:
        """Take one of the user's places in this process, or say that there is none left."""
        assert self._user is not None
        if not PLACES.take(self._user.pk, settings.LIMITS.sockets_per_user):
            await self._refuse("too_many_sockets", close=TOO_MANY)
            return False
        self._place = self._user.pk
        return True

    async def _stay_without_database(self) -> None:
        """Nothing is read for anybody while the database is away; who is in stays, who wants in comes again."""
        if self._user is None:
            await self.close(TRY_AGAIN)

    async def _hear(self, receive: Any) -> None:
        with suppress(StopConsumer):
            while True:
                await self.dispatch(await receive())

    async def _forward(self) -> None:
        queue = self.channel_layer.queue(self.channel_name)
        with suppress(StopConsumer):
            while True:
                await self.dispatch((await queue.get())[1])

    async def _first_end(self, *works: Any) -> None:
        """Do these side by side until one ends, and raise what it raised; that a client has gone is no error."""
        ended, _ = await asyncio.wait([self._spawn(work) for work in works], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()

    async def _keep_right(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds * random.uniform(*CHECK_SPREAD))  # noqa: S311  # spreads load, keeps no secret
            self.channel_layer.put(self.channel_name, {"type": "live.check"})

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._is_refresh_due = False  # by now: should a flood throw this out of the queue, its sign asks once more
        self.channel_layer.put(self.channel_name, {"type": "live.refresh"})

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

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


async def _in_thread(read: Any, *arguments: Any, **options: Any) -> Any:
    """Read in the database's thread; made ready only once it is really asked."""
    return await database_sync_to_async(read)(*arguments, **options)
