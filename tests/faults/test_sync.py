"""A worker that dies while it reads a list in pages."""

import os
import signal

import pytest

from tests.kinds.sync.json_api import json_api
from tests.kinds.sync.kept import things
from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


def test_a_sync_that_is_killed_between_pages_judges_nothing_and_its_next_attempt_is_right(platform: Platform) -> None:
    with json_api(things(60)) as api:
        payload = {
            "url": api.url("/link"),
            "collection": "Killed",
            "key": "id",
            "pagination": {"style": "link"},
            "remove_missing": True,
        }
        assert platform.ended(platform.do(inside.enqueue, "sync_external_service", payload)).result["new"] == 60
        api.items = [{"id": 100, "name": "New"}, {"id": 101, "name": "New"}, *things(60)[5:]]
        api.items[2] = {"id": 5, "name": "Renamed"}
        asked = len(api.asked)
        api.mood(4, delay=60)
        run = platform.do(inside.enqueue, "sync_external_service", payload)
        eventually(lambda: len(api.asked) == asked + 4, what="the fourth page is asked for")
        for child in platform["worker"].children():
            os.kill(child, signal.SIGKILL)
        left = platform.do(inside.collection, "Killed")
        assert left["gone"] == []
        assert left["present"]["5"] == {"id": 5, "name": "Renamed"}, "what was read stays"
        story = platform.ended(run)
    assert story.path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]
    kinds = ("records", "new", "changed", "unchanged", "gone", "back")
    assert [story.result[kind] for kind in kinds] == [57, 2, 1, 54, 5, 0], "the counts are of both attempts"
    found = platform.do(inside.collection, "Killed")
    assert found["present"] == {str(item["id"]): item for item in api.items}
    assert found["gone"] == ["0", "1", "2", "3", "4"]
    assert found["changes"] == 60 + 2 + 1 + 5, "each difference is noted once"
