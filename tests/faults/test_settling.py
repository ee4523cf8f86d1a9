"""What a person says of an effect whose process died, and the retry that goes on from there: real processes."""

from uuid import UUID

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story

pytestmark = pytest.mark.live


def doubtful(platform: Platform) -> UUID:
    """Let a process die between an effect and its confirmation."""
    run = platform.run("probe.die_in_effect")
    assert platform.ended(run).ending == ("failed", "effect_unknown")
    return run


def again(platform: Platform, run: UUID) -> Story:
    return platform.ended(platform.do(inside.retry, run))


def test_a_retry_goes_on_from_what_a_person_has_said(platform: Platform) -> None:
    run = doubtful(platform)
    assert again(platform, run).ending == ("failed", "effect_unknown"), "nobody has said anything yet"
    platform.do(inside.settle, run, happened=True)
    retry = again(platform, run)
    assert retry.status == "succeeded"
    assert len(platform.ledger.of(run, "effect:")) == 1
    assert platform.ledger.of(retry.run_id, "effect:") == [], "it is not done again"
    assert platform.story(run).is_dismissed, "the retry has mended it"


def test_what_did_not_happen_is_done_by_the_retry(platform: Platform) -> None:
    run = doubtful(platform)
    platform.do(inside.settle, run, happened=False)
    retry = again(platform, run)  # the probe dies in its first attempt, after it has done it
    assert retry.ending == ("failed", "effect_unknown")
    assert len(platform.ledger.of(retry.run_id, "effect:")) == 1, "it is done once more"
    platform.do(inside.settle, retry.run_id, happened=True)
    assert again(platform, retry.run_id).status == "succeeded"
