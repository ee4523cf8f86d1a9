"""What one socket lets through, whatever its queue holds: a queue may still hold what was refused or given up."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from notifications.groups import Topic
from notifications.messages import LogLine, RunLog, TaskUpdated
from notifications.rate import Bucket
from notifications.rights import Rights
from notifications.sent import Sent
from notifications.snapshots import Snapshot
from notifications.subscriptions import Subscriptions

RUN = "018f0000-0000-7000-8000-000000000001"
TASK = "018f0000-0000-7000-8000-000000000002"
AT = datetime(2030, 1, 1, tzinfo=UTC)
TASKS, ONE_RUN, ONE_TASK = Topic("tasks"), Topic("run", UUID(RUN)), Topic("task", UUID(TASK))


def subscriptions(*topics: Topic, sees_all: bool = False) -> Subscriptions:
    made = Subscriptions()
    made.belong_to(Rights(3, sees_all))
    for topic in topics:
        made.begin(topic)
    return made


def update(version: int = 1, seq: int = 0, owner_id: int | None = 3) -> dict[str, Any]:
    about = {"run_id": RUN, "topic_run": f"run:{RUN}", "topic_task": f"task:{TASK}", "owner_id": owner_id}
    return {
        "type": "live.frame",
        "kind": "update",
        "encode": f"{version}.{seq}".format,
        "version": version,
        "seq": seq,
        **about,
    }


def lines(first: int, last: int) -> dict[str, Any]:
    about = {"run_id": RUN, "topic_run": f"run:{RUN}", "first_line": first, "last_line": last}
    return {"type": "live.frame", "kind": "log", "encode": f"{first}-{last}".format, **about}


def standing(version: int, seq: int = 0, status: str = "running", log: RunLog | None = None, last: int = 0) -> Snapshot:
    frame = TaskUpdated(
        task_id=TASK, run_id=RUN, status=status, reason="", version=version, seq=seq, progress=None, message="", at=AT
    )
    return Snapshot([frame], log, last)


@pytest.mark.parametrize(
    ("topics", "owner_id", "sees_all", "passes"),
    [
        ([], 3, False, False),
        ([TASKS], 3, False, True),
        ([TASKS], 4, False, False),
        ([TASKS], None, False, False),
        ([TASKS], 4, True, True),
        ([TASKS], None, True, True),
        ([ONE_RUN], 4, False, True),
        ([ONE_TASK], 4, False, True),
        ([Topic("run", UUID(TASK))], 3, False, False),
    ],
)
def test_only_what_a_topic_admits_passes(
    topics: list[Topic], owner_id: int | None, sees_all: bool, passes: bool
) -> None:
    assert (subscriptions(*topics, sees_all=sees_all).text_for(update(owner_id=owner_id)) is not None) == passes


def test_log_lines_pass_only_to_followers_of_the_run() -> None:
    assert subscriptions(TASKS, ONE_TASK, sees_all=True).text_for(lines(1, 2)) is None
    assert subscriptions(ONE_RUN).text_for(lines(1, 2)) == "1-2"


def test_after_the_end_of_a_topic_nothing_passes() -> None:
    ours = subscriptions(ONE_RUN)
    ours.end(ONE_RUN)
    assert ours.text_for(update()) is None
    assert ONE_RUN not in ours


def test_what_is_older_or_the_same_does_not_pass() -> None:
    ours = subscriptions(ONE_RUN)
    given = [(2, 1), (2, 1), (2, 0), (1, 9), (2, 2), (3, 0), (2, 3), (3, 1)]
    passed = [text for version, seq in given if (text := ours.text_for(update(version, seq)))]
    assert passed == ["2.1", "2.2", "3.0", "3.1"]


def test_what_the_snapshot_said_does_not_pass_again() -> None:
    ours = subscriptions(ONE_RUN)
    assert len(list(ours.news(ONE_RUN, standing(3, 2)))) == 1
    assert ours.text_for(update(3, 2)) is None
    assert ours.text_for(update(3, 3)) == "3.3"


def test_a_new_topic_gets_its_snapshot_whole_and_later_looks_only_news() -> None:
    ours = subscriptions(TASKS)
    assert len(list(ours.news(TASKS, standing(3)))) == 1
    ours.begin(ONE_RUN)
    assert len(list(ours.news(ONE_RUN, standing(3)))) == 1
    assert list(ours.news(ONE_RUN, standing(3))) == []
    assert len(list(ours.news(ONE_RUN, standing(4)))) == 1


def test_lines_follow_each_other_and_a_gap_becomes_a_hint() -> None:
    ours = subscriptions(ONE_RUN)
    hint = RunLog(run_id=RUN).encode()
    given = [(1, 2), (1, 2), (3, 3), (2, 3), (3, 4), (6, 7), (8, 8)]
    assert [ours.text_for(lines(*pair)) for pair in given] == ["1-2", None, "3-3", None, "3-4", hint, "8-8"]


def test_lines_of_the_snapshot_do_not_pass_again() -> None:
    ours = subscriptions(ONE_RUN)
    log = RunLog(run_id=RUN, lines=[LogLine(n=n, at=AT, level="info", message="") for n in (1, 2)])
    assert len(list(ours.news(ONE_RUN, standing(1, log=log, last=2)))) == 2
    assert ours.last_line(ONE_RUN) == 2
    assert ours.text_for(lines(1, 2)) is None
    assert ours.text_for(lines(3, 3)) == "3-3"


def test_a_finished_run_is_not_looked_at_again_until_everything_is() -> None:
    ours = subscriptions(ONE_RUN, TASKS)
    assert ours.open_topics(everything=False) == [ONE_RUN, TASKS]
    list(ours.news(ONE_RUN, standing(3, status="succeeded")))
    assert ours.open_topics(everything=False) == [TASKS]
    assert ours.open_topics(everything=True) == [ONE_RUN, TASKS]
    ours.begin(ONE_RUN)
    assert ours.open_topics(everything=False) == [ONE_RUN, TASKS]


def test_a_change_of_the_users_rights_is_noticed() -> None:
    ours = subscriptions(TASKS)
    assert ours.belong_to(Rights(3))
    assert not ours.belong_to(Rights(3, sees_all=True))


def test_what_was_sent_is_remembered_for_a_bounded_number_of_runs() -> None:
    sent = Sent(limit=2)
    assert [sent.is_news(run, 1, 0) for run in ("a", "b", "c", "c", "a")] == [True, True, True, False, True]


def test_a_bucket_lets_a_burst_through_and_then_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("notifications.rate.time.monotonic", lambda: now)
    bucket = Bucket(burst=3, per_second=2)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now += 3600
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
