"""An S3 server of the tests' own, over HTTP, and storage settings that use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from scheduler_project import storage_url

BUCKET = "reports"


@contextmanager
def s3_server() -> Iterator[str]:
    """Run the server on a free port of the loopback; gives the STORAGE_URL of a folder of its own in a bucket.

    What one server is given, every other of this process has, too.
    """
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client_of(f"http://{host}:{port}").create_bucket(Bucket=BUCKET)
        yield own_folder(f"s3://KEY:se%2Fcret@{host}:{port}/{BUCKET}/any?tls=0")
    finally:
        server.stop()


def own_folder(url: str) -> str:
    """Give the STORAGE_URL of a new folder in the same bucket."""
    place, _, rest = url.partition("?")
    return f"{place.rpartition('/')[0]}/{uuid4()}?{rest}"


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
    """What is in the folder that STORAGE_URL names, by its name there."""
    options = storage_url.storage(url)["OPTIONS"]
    client, folder = client_of(options["endpoint_url"]), f"{options['location']}/"
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET, Prefix=folder).get("Contents", [])]
    return {key.removeprefix(folder): client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
