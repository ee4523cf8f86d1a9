"""Redis goes away, forgets, is full, is locked, says things twice or says nonsense: F04, F09, F10, F12, F18, F21."""

import json
import time

import pytest

from tests.faults.messages import message
from tests.faults.trial import Trial
from tests.live.surroundings import eventually


def test_f04_a_wake_up_that_is_lost_on_its_way_is_made_good(trial: Trial) -> None:
    links = trial.cluster.links.like("worker", "redis")
    trial.nemesis.cross("cut", "worker", "redis", word="tasks_app.work", times=2)
    eventually(lambda: any(trial.cluster.links.look(link)["cuts_left"] < 2 for link in links), 40, "one is lost")
    trial.more_runs()


def test_f04_what_a_dead_worker_had_taken_and_not_acknowledged_comes_again(trial: Trial) -> None:
    taken = message()
    tag = taken["properties"]["delivery_tag"]
    with trial.cluster.redis() as client:
        client.hset("carillon:unacked", tag, json.dumps([taken, "", "default"]))
        client.zadd("carillon:unacked_index", {tag: time.time() - 60})
        eventually(lambda: not client.hexists("carillon:unacked", tag), 60, "a living worker has taken it")
    trial.more_runs()


def test_f09_redis_dies_and_comes_back(trial: Trial) -> None:
    trial.nemesis.kill_redis()
    run = trial.workload.run()
    trial.nemesis.last(15)
    trial.cluster.heal()
    assert trial.ended(run).status == "succeeded"


@pytest.mark.ci
def test_f10_an_emptied_redis_loses_nothing(trial: Trial) -> None:
    for _ in range(3):
        runs = [trial.workload.run(lasts=0.5) for _ in range(6)]
        trial.nemesis.flush_redis()
        assert [trial.ended(run).status for run in runs] == ["succeeded"] * 6


@pytest.mark.parametrize("fault", ["fill_redis", "lock_redis"])
def test_f12_a_redis_that_refuses_costs_nobody_a_request(trial: Trial, fault: str) -> None:
    getattr(trial.nemesis, fault)()
    run = trial.workload.run()
    trial.nemesis.last(15)
    assert trial.cluster.story(run).status in ("queued", "running", "succeeded")
    trial.cluster.heal()
    assert trial.ended(run).status == "succeeded"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_f18_half_of_a_wire_to_redis_is_enough_to_lose_nothing(trial: Trial, direction: str) -> None:
    trial.nemesis.cross("half_open", "*", "redis", direction=direction)
    run = trial.workload.run()
    trial.nemesis.last(20)
    trial.cluster.heal()
    assert trial.ended(run).status == "succeeded"


@pytest.mark.ci
def test_f21_doubled_old_and_strange_messages_and_bytes_that_are_none_do_nothing(trial: Trial) -> None:
    workers = {worker.pid for worker in trial.cluster.living("worker")}
    for _ in range(3):
        trial.nemesis.strange_tasks()
        trial.nemesis.garbage()
        runs = [trial.workload.run("probe.once") for _ in range(4)]
        trial.nemesis.double_messages()
        assert [trial.ended(run).status for run in runs] == ["succeeded"] * 4
    eventually(lambda: not trial.nemesis.is_garbage_left(), 60, "all of it is taken")
    assert {worker.pid for worker in trial.cluster.living("worker")} == workers, "no worker has ended"
