"""Webs that die between a promise and its wake-up, and deployments: F07, F27."""

import signal

import pytest

from tests.faults.trial import Trial
from tests.live.surroundings import eventually


def test_f07_a_web_that_dies_before_it_can_answer_makes_one_run(trial: Trial) -> None:
    file = trial.cluster.arm("web", "after_create")
    run = trial.workload.run()
    eventually(lambda: not file.exists(), 30, "a web has died with a run that nobody was told of")
    assert trial.ended(run).status == "succeeded"
    trial.cluster.heal()
    file = trial.cluster.arm("web", "inside_fire")
    run = trial.workload.run("probe.once")
    eventually(lambda: not file.exists(), 30, "a web has died in the middle of a transaction")
    assert trial.ended(run).status == "succeeded"


@pytest.mark.ci
def test_f27_a_deployment_costs_no_attempt_and_no_request(trial: Trial) -> None:
    runs = [trial.workload.run(type, lasts=5) for type in ("probe.sleep", "probe.once") * 2]
    for run in runs[:2]:
        trial.begun(run)
    for kind in ("worker", "worker", "beat"):
        trial.nemesis.deploy(kind)
    stories = [trial.ended(run) for run in runs]
    assert {story.crashes for story in stories} == {0}
    assert {story.ending for story in stories} <= {("succeeded", ""), ("failed", "effect_unknown")}
    old, *_ = trial.cluster.living("web")
    trial.cluster.note("SIGTERM", old.title)
    assert old.stop() == 0
    trial.cluster.heal()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL])
def test_f27_a_stop_that_is_not_orderly_loses_nothing(trial: Trial, number: signal.Signals) -> None:
    runs = [trial.workload.run(lasts=4) for _ in range(4)]
    for run in runs:
        trial.begun(run)
    for worker in trial.cluster.living("worker"):
        trial.cluster.note(number.name, worker.title)
        worker.send(signal.SIGTERM)
        worker.send(number)
        worker.wait()
    trial.cluster.heal()
    stories = [trial.ended(run) for run in runs]
    assert {story.status for story in stories} == {"succeeded"}
    if number != signal.SIGKILL:  # asked twice, and by a harder word: still no crash
        assert {(story.failures, story.crashes) for story in stories} == {(0, 0)}
