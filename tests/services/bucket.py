"""An S3 server of the tests' own, over HTTP, and storage settings that use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from scheduler_project import storage_url

BUCKET = "reports"


@contextmanager
def s3_server() -> Iterator[str]:
    """Run the server on a free port of the loopback; gives the STORAGE_URL of a bucket in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client_of(f"http://{host}:{port}").create_bucket(Bucket=BUCKET)
        yield f"s3://KEY:se%2Fcret@{host}:{port}/{BUCKET}/carillon?tls=0"
    finally:
        server.stop()


def client_of(endpoint: str) -> Any:
    """A client of the server, which knows nothing of ours."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="KEY",
        aws_secret_access_key="se/cret",
    )


def objects_of(url: str) -> dict[str, bytes]:
    """What is in the bucket that STORAGE_URL names, by key."""
    options = storage_url.storage(url)["OPTIONS"]
    client = client_of(options["endpoint_url"])
    listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {one["Key"]: client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed}
