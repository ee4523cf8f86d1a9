"""The main job, a scheduled export that is mailed, while every process of a cluster with three beats is killed once."""

import re

import httpx

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.judging import judge
from tests.faults.nemesis import Nemesis
from tests.faults.sinks import running_sink
from tests.faults.workload import Workload
from tests.live import inside
from tests.live.process import Process
from tests.live.story import Story
from tests.live.surroundings import eventually

PROCESSES = ("redis", "mailbox", "web", "web", "worker", "worker", "beat", "beat", "beat")
RECIPIENT = "reader@example.org"
EVERY_SECONDS = 3


def test_the_main_job_comes_through_while_every_process_is_killed_once() -> None:
    with running_cluster(*PROCESSES, MAIL_DOMAINS="example.org") as cluster, running_sink() as sink:
        workload = Workload(cluster, sink, seed=1)
        task = workload.schedule(
            seconds=EVERY_SECONDS, type="export_report", payload={"source": "runs", "email": [RECIPIENT]}
        )
        more_exports(cluster, 2)
        for process in [one for one in cluster.processes if one.kind != "redis"]:
            kill_and_replace(cluster, process)
            more_exports(cluster, 1)
        Nemesis(cluster).kill_redis()
        cluster.heal()
        more_exports(cluster, 2)
        history = judge(cluster, workload, sink)
        for run in history.stories:
            if run.task_id == task.id and run.status == "succeeded":
                check_mail(cluster, run)
    endings = {run.ending for run in history.stories if run.task_id == task.id}
    assert endings <= {("succeeded", ""), ("skipped", "missed"), ("cancelled", "user")}, endings


def kill_and_replace(cluster: Cluster, process: Process) -> None:
    """Kill a process with its children, and start another one, as a supervisor would."""
    cluster.kill_group(process)
    cluster.wait_until_ready(cluster.start(process.kind))


def more_exports(cluster: Cluster, count: int) -> None:
    """Wait until so many more exports have succeeded."""
    enough = cluster.do(inside.count_runs, type="export_report", status="succeeded") + count
    eventually(
        lambda: cluster.do(inside.count_runs, type="export_report", status="succeeded") >= enough, 60, "exports go on"
    )


def check_mail(cluster: Cluster, run: Story) -> None:
    """One mail came for the slot, if some twice under one id; its link gives the file to a stranger."""
    file = run.result["url"].rsplit(":", 2)[0]  # without the link's time and signature
    mails = [mail for mail in cluster.mails() if file in mail.text]
    assert len({mail.message_id for mail in mails}) == 1, f"mails for {run.run_id}: {run.result}"
    assert {mail.recipient for mail in mails} == {RECIPIENT}
    (path,) = {link for mail in mails for link in re.findall(r"/files/\S+", mail.text)}
    answer = httpx.get(f"{cluster.url}{path}", trust_env=False)
    assert answer.status_code == httpx.codes.OK
    assert len(answer.content) == run.result["bytes"]
