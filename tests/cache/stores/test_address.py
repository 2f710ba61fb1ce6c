"""Where a Redis server is: which URLs are taken, and what is said of those that are not."""

import pytest

from cache.stores.address import address, connection_pool

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://localhost", "redis://localhost:6379"),
        ("redis://localhost/", "redis://localhost:6379"),
        (f"redis://someone:{SECRET}@10.0.0.1:7000/3", "redis://10.0.0.1:7000/3"),
        (f"redis://:{SECRET}%40%23@[::1]/0", "redis://[::1]:6379/0"),
        (f"rediss://:{SECRET}@host?ssl_cert_reqs=none&db=2", "rediss://host:6379"),
        (f"unix://someone:{SECRET}@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        (f"unix:///run/redis.sock?password={SECRET}", "unix:///run/redis.sock"),
    ],
)
def test_urls_are_told_without_secrets(url, where):
    """Scheme, host, port and database, or the socket: nothing of who asks."""
    connection_pool(url, 1)

    assert address(url) == where


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "scheme"),
        (f"{SECRET}", "scheme"),
        (f"http://someone:{SECRET}@host", "scheme"),
        (f"redis:someone:{SECRET}@host", "no host"),
        (f"redis://:{SECRET}@", "no host"),
        (f"redis://:{SECRET}@/0", "no host"),
        (f"redis://host:{SECRET}/0", "malformed"),
        (f"redis://host:{SECRET}99999/0", "malformed"),
        (f"redis://:{SECRET}@[::1/0", "malformed"),
        (f"redis://:pass#{SECRET}@host/0", "fragment"),
        (f"redis://host/{SECRET}", "number"),
        ("redis://host/0/1", "number"),
        ("redis://host/-1", "number"),
        (f"redis://host?db={SECRET}", "malformed"),
        (f"redis://host?option={SECRET}", "option"),
        (f"redis://host?socket_timeout=1&password={SECRET}", "option"),
        ("redis://host?ssl_cert_reqs=none", "option"),
        (f"rediss://host?ssl_cert_reqs={SECRET}", "malformed"),
        (f"unix://:{SECRET}@", "no socket"),
        ("unix:///", "no socket"),
    ],
)
def test_malformed_urls_are_refused_without_quoting_them(url, reason):
    """One sentence says what is wrong, and another how it should look."""
    with pytest.raises(ValueError, match=reason) as refusal:
        connection_pool(url, 1)

    assert SECRET not in str(refusal.value)
    assert "redis://user:password@host:6379/0" in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
