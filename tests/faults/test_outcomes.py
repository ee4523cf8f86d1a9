"""What handlers leave behind: side effects once, a clean process for the next run, a visible end."""

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


def test_a_side_effect_happens_once_across_attempts_and_retries(platform: Platform) -> None:
    run = platform.run("probe.effect")
    story = platform.ended(run)
    assert story.status == "succeeded"
    assert story.failures == 1
    effects = platform.ledger.of(run, "effect:")
    assert len(effects) == 1
    again = platform.ended(platform.do(inside.retry, run))
    assert again.status == "succeeded"
    assert again.result == story.result, "the retry by a person knows the same effect"
    assert platform.ledger.of(again.run_id, "effect:") == []


def test_an_idempotent_effect_is_sent_again_with_the_same_id_after_a_crash(platform: Platform) -> None:
    run = platform.run("probe.die_in_effect", message="idempotent")
    story = platform.ended(run)
    assert story.status == "succeeded"
    assert story.crashes == 1
    first, second = platform.ledger.of(run, "effect:")
    assert first.word == second.word == f"effect:{story.result}"


def test_an_effect_that_nobody_can_vouch_for_waits_for_a_person(platform: Platform) -> None:
    run = platform.run("probe.die_in_effect")
    story = platform.ended(run)
    assert story.ending == ("failed", "effect_unknown")
    assert len(platform.ledger.of(run, "effect:")) == 1, "it is not sent again"


def test_runs_in_one_child_start_clean(platform: Platform) -> None:
    by_child: dict[int, list[dict[str, object]]] = {}

    def one_child_has_had_two() -> bool:
        found = platform.ended(platform.run("probe.state")).result
        by_child.setdefault(found.pop("pid"), []).append(found)
        return any(len(states) > 2 for states in by_child.values())

    eventually(one_child_has_had_two)
    for states in by_child.values():
        for state in states:
            assert state == {**states[0], "language": "en", "zone": "UTC", "in_transaction": False}


def test_a_run_whose_type_has_gone_ends_visibly(platform: Platform) -> None:
    story = platform.ended(platform.do(inside.insert, "gone.type", {}))
    assert story.ending == ("failed", "unknown_type")
    assert "gone.type" in story.error


def test_a_run_whose_stored_payload_does_not_fit_ends_visibly(platform: Platform) -> None:
    story = platform.ended(platform.do(inside.insert, "probe.echo", {"seconds": "soon"}))
    assert story.ending == ("failed", "invalid_payload")
    assert "seconds" in story.error
    assert story.claim_no == 1, "trying again cannot help"


def test_the_owner_gets_one_mail_when_a_run_fails_for_good_even_if_the_mail_server_is_away(platform: Platform) -> None:
    platform["mailbox"].kill()
    task = platform.do(inside.task, "Doomed", "probe.fail", platform.probe(message="no luck"), max_retries=1)
    run = platform.ended(platform.do(inside.run_now, task))
    assert run.ending == ("failed", "handler_error")

    def notice() -> Story:
        (found,) = platform.do(inside.stories, type="notify_run_failed", payload__run_id=str(run.run_id))
        return found

    waiting = platform.until(notice().run_id, lambda story: story.ending == ("scheduled", "retry"))
    platform.wait_until_ready(platform.start("mailbox"))
    platform.do(inside.hasten, waiting.run_id)
    assert platform.ended(waiting.run_id).status == "succeeded"
    (mail,) = [mail for mail in platform.mails() if "Doomed" in mail.subject]
    assert mail.recipient == "alice@example.org"
    assert "no luck" in mail.text
    assert str(run.run_id) in mail.text
