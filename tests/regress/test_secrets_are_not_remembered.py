"""Origin: a review of what outlives a connection. The memory of field lines had a list of names that it must not keep,
and kept x-auth-token, x-vault-token, x-amz-security-token and referer, which were not on it."""

import gc
import uuid

import pytest

from tests.support.apps import hello
from tests.support.wire import Wire, get

SECRET = [
    "Cookie", "Authorization", "Proxy-Authorization", "Referer", "X-Auth-Token", "X-Vault-Token",
    "X-Amz-Security-Token", "X-Api-Key", "X-Csrf-Token", "X-Forwarded-For", "X-Real-IP", "X-Of-My-Own", "If-None-Match",
    "Private-Token", "Sec-Fetch-Token", "User-Agents",
]


def is_kept(value):
    """Is there a list, anywhere, with these bytes, or with a pair that has them?"""
    gc.unfreeze()
    return any(
        value in part
        for each in gc.get_objects() if type(each) is list
        for item in each for part in (item if type(item) is tuple else (item,)) if type(part) is bytes
    )


def ask_with(name):
    """Some requests with such a field, of a client that has gone since; its value."""
    value = uuid.uuid4().hex.encode()
    wire = Wire(hello, scan_heads=True)
    try:
        for _ in range(4):
            wire.send(get(b"/", name.encode() + b": " + value))
        assert wire.output.count(b" 200 OK") == 4
    finally:
        wire.close()
    del wire
    return value


@pytest.mark.parametrize("name", SECRET)
def test_value_is_gone_with_its_connection(name):
    assert not is_kept(ask_with(name))


@pytest.mark.parametrize("name", ["User-Agent", "Accept", "sec-ch-ua"])
def test_what_many_clients_send_alike_is_kept(name):
    """Otherwise the test above would see nothing. Not each: its slot may have what others send all the time."""
    assert any(is_kept(ask_with(name)) for _ in range(10))
