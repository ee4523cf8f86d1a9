"""What one socket has subscribed to and been sent. No input or output here."""

from collections.abc import Callable, Iterator
from typing import Any

from notifications.groups import ALL, Topic, owner_group, run_group, task_group
from notifications.messages import Frame, RunLog
from notifications.rights import Rights
from notifications.sent import Sent
from notifications.snapshots import Snapshot
from tasks_app.states import FINAL


class Subscriptions:
    """The topics of one socket. From `begin` to `end` of a topic, `text_for` lets its frames through, once each."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._fresh: set[Topic] = set()
        self._finished: set[Topic] = set()
        self._sent = Sent()
        self._rights: Rights | None = None

    def __contains__(self, topic: Topic) -> bool:
        return str(topic) in self._topics

    def __len__(self) -> int:
        return len(self._topics)

    def belong_to(self, rights: Rights) -> bool:
        """Note whose these are; False when they were somebody else's, or the user's rights have changed."""
        before, self._rights = self._rights, rights
        return before in (None, rights)

    def groups(self, topic: Topic) -> list[str]:
        """Name the groups that carry the topic's frames to this user."""
        if topic.id is not None:
            return [run_group(topic.id) if topic.kind == "run" else task_group(topic.id)]
        assert self._rights is not None
        if self._rights.sees_all:
            return [ALL]
        return [owner_group(self._rights.user_id), *(task_group(task) for task in sorted(self._rights.shared))]

    def needed_groups(self) -> set[str]:
        """Name the groups of all topics together; two topics may come through one group."""
        return {group for topic in self._topics.values() for group in self.groups(topic)}

    def begin(self, topic: Topic) -> None:
        """Take a topic up, or begin it anew: its snapshot is sent whole."""
        self._topics[str(topic)] = topic
        self._fresh.add(topic)
        self._finished.discard(topic)
        if topic.kind == "run":
            self._sent.forget_lines(str(topic.id))

    def end(self, topic: Topic) -> None:
        """Let go of a topic."""
        self._topics.pop(str(topic), None)
        self._fresh.discard(topic)
        self._finished.discard(topic)

    def open_topics(self, *, everything: bool) -> list[Topic]:
        """Give the topics that may have news; a finished run that was sent whole has none."""
        return [topic for topic in self._topics.values() if everything or topic not in self._finished]

    def last_line(self, topic: Topic) -> int:
        """Give the last log line that was sent of a run."""
        return self._sent.last_line(str(topic.id))

    def text_for(self, message: dict[str, Any]) -> str | None:
        """Give what to send for a live frame, and note it as sent: it concerns a topic, and is newer than the last."""
        if not self._concerns(message):
            return None
        encode: Callable[[], str] = message["encode"]
        if message["kind"] == "log":
            return self._log_text(message["run_id"], message["first_line"], message["last_line"], encode)
        return encode() if self._sent.is_news(message["run_id"], message["version"], message["seq"]) else None

    def news(self, topic: Topic, found: Snapshot) -> Iterator[Frame]:
        """Give the frames of a snapshot that are newer than what was sent, or all of a new topic, and note them."""
        is_fresh = topic in self._fresh
        self._fresh.discard(topic)
        for update in found.updates:
            if self._sent.is_news(update.run_id, update.version, update.seq) or is_fresh:
                yield update
        if found.log is not None:
            self._sent.note_line(found.log.run_id, found.last_line)
            yield found.log
        if topic.kind == "run" and found.updates[0].status in FINAL:
            self._finished.add(topic)

    def _log_text(self, run_id: str, first_line: int, last_line: int, encode: Callable[[], str]) -> str | None:
        """Lines that came before are not sent again; after a gap only a hint is, and the client asks the API."""
        known = self._sent.last_line(run_id)
        if last_line and last_line <= known:
            return None
        self._sent.note_line(run_id, last_line)
        return RunLog(run_id=run_id).encode() if first_line > known + 1 else encode()

    def _concerns(self, message: dict[str, Any]) -> bool:
        if message["topic_run"] in self._topics:
            return True
        if message["kind"] == "log":
            return False
        return message["topic_task"] in self._topics or ("tasks" in self._topics and self._is_mine(message))

    def _is_mine(self, message: dict[str, Any]) -> bool:
        rights = self._rights
        if rights is None:
            return False
        is_shared = message["topic_task"] in {f"task:{task}" for task in rights.shared}
        return rights.sees_all or message["owner_id"] == rights.user_id or is_shared
