"""Versions side by side: an old worker beside a database and beside messages of the next one: F28."""

from tasks_app import dispatch
from tests.faults.trial import Trial
from tests.live import inside


def test_f28_what_is_at_work_goes_on_beside_an_expanded_schema(trial: Trial) -> None:
    """The next version adds columns, tables and indexes first, while this one still runs."""
    runs = [trial.workload.run("probe.once", lasts=4) for _ in range(3)]
    trial.begun(runs[0])
    for table in trial.cluster.do(inside.own_tables):
        trial.cluster.note("expand", table)
        trial.cluster.do(
            inside.execute,
            f'ALTER TABLE "{table}" ADD COLUMN of_tomorrow text NULL',
            f'ALTER TABLE "{table}" ADD COLUMN also_of_tomorrow integer NOT NULL DEFAULT 0',
            f'CREATE INDEX "{table}_tomorrow" ON "{table}" (also_of_tomorrow)',
        )
    assert [trial.ended(run).ending for run in runs] == [("succeeded", "")] * 3
    trial.more_slots()
    trial.more_runs()


def test_f28_messages_of_the_next_and_of_the_last_version_lose_nothing(trial: Trial) -> None:
    workers = {worker.pid for worker in trial.cluster.living("worker")}
    trial.cluster.note("messages of other versions", "redis")
    for args in (["default", {"format": 9}], [{"queue": "default", "format": 9}], []):
        trial.cluster.do(inside.post, dispatch.WORK, args)
    trial.cluster.do(inside.post, "tasks_app.work_of_tomorrow", ["default"])
    runs = [trial.workload.run("probe.once") for _ in range(4)]
    assert [trial.ended(run).status for run in runs] == ["succeeded"] * 4
    assert {worker.pid for worker in trial.cluster.living("worker")} == workers, "no worker has ended"
