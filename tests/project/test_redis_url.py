"""REDIS_URL in the form of each library."""

import pytest

from scheduler_project import redis_url

CHECKED = "ssl_cert_reqs=required&ssl_check_hostname=true"


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://example.org:6380/3", "redis://example.org:6380/3"),
        ("rediss://user:p%40ss@example.org/1", f"rediss://user:p%40ss@example.org/1?{CHECKED}"),
        ("rediss://example.org?ssl_cert_reqs=none", "rediss://example.org?ssl_cert_reqs=none"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        (
            "unix://:p%40ss@/run/with space/x.sock?db=2",
            "redis+socket://:p%40ss@/run/with%20space/x.sock?virtual_host=2",
        ),
        ("sentinel://a,b:5/1?master_name=m", "sentinel://a:26379/1;sentinel://b:5/1"),
        ("sentinel://:pw@[::1]:5/0?master_name=m", "sentinel://:pw@[::1]:5/0"),
        ("rediss+sentinel://:pw@a,b:5/1?master_name=m", "sentinel://:pw@a:26379/1;sentinel://:pw@b:5/1"),
    ],
)
def test_celery_gets_its_own_form(url: str, broker: str) -> None:
    assert redis_url.broker(url)[0] == broker


def test_no_operation_waits_for_ever() -> None:
    for url in ("redis://localhost", "unix:///x", "sentinel://a?master_name=m"):
        options = redis_url.broker(url)[1]
        assert 0 < options["socket_timeout"] <= 30
        assert 0 < options["socket_connect_timeout"] <= 10


def test_sentinels_are_all_known_with_the_master_name() -> None:
    target = redis_url.parse("sentinel://user:pw@a,b:5/1?master_name=main")
    assert target.sentinels == (("a", 26379), ("b", 5))
    assert (target.master_name, target.database, target.username, target.password) == ("main", 1, "user", "pw")
    assert redis_url.broker(target.url)[1]["master_name"] == "main"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://localhost",
        "redis://",
        "redis://localhost:99999",
        "redis://localhost/first",
        "unix://relative.sock",
        "unix://host/run/redis.sock",
        "sentinel://a",
        "rediss+sentinel://a",
        "redis+sentinel://a?master_name=m",
        "sentinel://a,/0?master_name=m",
        "redis://[::1",
    ],
)
def test_what_no_library_could_use_is_refused(url: str) -> None:
    with pytest.raises(redis_url.RedisUrlError):
        redis_url.parse(url)


def test_sentinels_over_tls_have_their_certificates_checked_unless_the_url_says_otherwise() -> None:
    tls = redis_url.broker_tls("rediss+sentinel://a/0?master_name=m&ssl_ca_certs=/ca.pem")
    assert tls == {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": "/ca.pem"}
    assert redis_url.broker_tls("rediss+sentinel://a/0?master_name=m&ssl_cert_reqs=none") == {"ssl_cert_reqs": "none"}
    for url in ("sentinel://a/0?master_name=m", "rediss://a/0", "unix:///x"):
        assert redis_url.broker_tls(url) is None
    options = redis_url.broker("rediss+sentinel://a/0?master_name=m")[1]
    assert options["sentinel_kwargs"]["ssl"] is True
