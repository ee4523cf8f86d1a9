"""Which transport a broker URL leads to: ours, for every form of it, in every process that has the app."""

import pytest
from kombu import Connection

from scheduler_project import celery_app, redis_url, transport
from tests.live.surroundings import free_port


@pytest.mark.parametrize(("url", "expected"), [
    ("redis://127.0.0.1:6379/1", transport.Transport),
    ("rediss://:secret@redis.example.com/0", transport.Transport),
    ("unix:///run/redis.sock?db=2", transport.Transport),
    ("sentinel://a.example.com,b.example.com/0?master_name=main", transport.SentinelTransport),
])  # fmt: skip
def test_every_form_of_the_url_leads_to_a_transport_that_drops_what_is_no_message(url: str, expected: type) -> None:
    broker, options = redis_url.broker(url)
    connection = Connection(broker, transport_options=options)
    assert connection.get_transport_cls() is expected
    assert issubclass(expected.Channel, transport.Careful)  # type: ignore[attr-defined]


def test_the_app_uses_it() -> None:
    assert celery_app.connection_for_read().get_transport_cls() is transport.Transport


class Enough(Exception):
    """So often it was tried."""


def test_whoever_waits_for_the_broker_never_gives_up() -> None:
    tries: list[int] = []

    def count() -> None:
        tries.append(1)
        if len(tries) > 120:
            raise Enough

    nobody = Connection(f"redis://127.0.0.1:{free_port()}/0")
    most = celery_app.conf.broker_connection_max_retries
    with pytest.raises(Enough):
        nobody.ensure_connection(None, most, interval_start=0, interval_step=0, interval_max=0, callback=count)
