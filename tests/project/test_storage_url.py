"""STORAGE_URL: what each form means, and that a wrong one stops the start without telling the secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler_project import storage_url
from scheduler_project.env import SettingFault
from scheduler_project.settings import BASE_DIR


def test_a_directory_is_private() -> None:
    entry = storage_url.storage("file:///srv/my%20files")
    assert entry["BACKEND"].endswith("FileSystemStorage")
    assert entry["OPTIONS"] == {"location": Path("/srv/my files"), "file_permissions_mode": 0o600}


def test_a_server_is_told_by_its_host_with_the_credentials_of_the_address() -> None:
    url = "s3://KEY:se%2Fcr%2Bet@minio.example.org:9000/reports/carillon/files?region=eu-1&tls=0"
    options = storage_url.storage(url)["OPTIONS"]
    assert options["endpoint_url"] == "http://minio.example.org:9000"
    assert (options["access_key"], options["secret_key"]) == ("KEY", "se/cr+et")
    assert (options["bucket_name"], options["location"]) == ("reports", "carillon/files")
    assert (options["region_name"], options["use_ssl"], options["addressing_style"]) == ("eu-1", False, "path")
    assert options["security_token"] is None


def test_tls_is_the_default_and_an_address_may_be_one_of_ip_version_6() -> None:
    assert storage_url.storage("s3://K:S@h/abc")["OPTIONS"]["endpoint_url"] == "https://h"
    assert storage_url.storage("s3://K:S@[::1]:9000/abc")["OPTIONS"]["endpoint_url"] == "https://[::1]:9000"


def test_a_bucket_alone_uses_the_credentials_of_the_machine() -> None:
    options = storage_url.storage("s3://my.bucket/carillon?region=eu-central-1")["OPTIONS"]
    assert (options["bucket_name"], options["location"]) == ("my.bucket", "carillon")
    assert options["region_name"] == "eu-central-1"
    assert not {"access_key", "secret_key", "endpoint_url"} & set(options)
    assert storage_url.storage("s3://my.bucket")["OPTIONS"]["region_name"] is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "var/files",
        "file://relative/path",
        "file:///a?b=c",
        "s3://",
        "s3://K:HIDDEN@host",
        "s3://K:HIDDEN@host/",
        "s3://K:HIDDEN@/bucket",
        "s3://K@host/bucket",
        "s3://:HIDDEN@host/bucket",
        "s3://K:@host/bucket",
        "s3://K:HID/DEN@host/bucket",
        "s3://K:HID#DEN@host/bucket",
        "s3://K:HID?DEN@host/bucket",
        "s3://K:HIDDEN%0a@host/bucket",
        "s3://K:HIDDEN@host:port/bucket",
        "s3://K:HIDDEN@host/BUCKET",
        "s3://K:HIDDEN@host/ab",
        "s3://K:HIDDEN@host/bucket/../other",
        "s3://K:HIDDEN@host/bucket/%2e%2e/other",
        "s3://K:HIDDEN@host/bucket?tls=2",
        "s3://K:HIDDEN@host/bucket?tls=0&tls=1",
        "s3://K:HIDDEN@host/bucket?acl=public",
        "s3://K:HIDDEN@host/bucket?region=",
        "s3://bucket:9000",
        "s3://bucket?tls=0",
        "S3://K:HIDDEN@host/bucket",
        "https://K:HIDDEN@host/bucket",
    ],
)
def test_a_wrong_address_is_one_line_without_the_secret(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingFault):
        storage_url.storage(url)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("STORAGE_URL: ")
    assert "HID" not in line
    assert "DEN" not in line


@pytest.mark.parametrize("process", ["web", "worker"])
def test_a_directory_that_cannot_be_written_stops_the_start(tmp_path: Path, process: str) -> None:
    environment = os.environ | {
        "VAR_DIR": str(tmp_path),
        "STORAGE_URL": "file:///proc/nope",
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
        "ENVIRONMENT": "development",
    }
    done = subprocess.run(
        [sys.executable, "-m", "scheduler_project.start", process],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("STORAGE_URL: cannot be used: /proc/nope")
