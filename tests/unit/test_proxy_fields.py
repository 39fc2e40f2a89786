"""fastsrv/proxy/fields.py: what stands in proxies' fields, well formed or not. Nothing raises."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsrv.proxy.fields import elements, host_and_port, node, port_number, prefix

MOST = 4
# What these fields are made of, in any order.
PIECES = st.lists(st.sampled_from([
    "for", "proto", "by", "=", ";", ",", '"', "\\", "[", "]", ":", "192.0.2.1", "2001:db8::1", "%", "eth0", "80", "_x",
    "unknown", " ", "\t", "/", ".", "\xe9", "host", "example.org", "-", "%2F", "0", "%00", "?", "\xb2",
]) | st.characters(min_codepoint=32, max_codepoint=255), max_size=30).map("".join)


def last_of(field):
    return list(elements(field, MOST))


@pytest.mark.parametrize(("field", "said"), [
    ("", []), (" , ,", []),
    ("for=192.0.2.60;proto=http;by=203.0.113.43", [{"for": "192.0.2.60", "proto": "http", "by": "203.0.113.43"}]),
    ('For="[2001:db8:cafe::17]:4711"', [{"for": "[2001:db8:cafe::17]:4711"}]),
    ("for=[2001:db8::1]:80", [{"for": "[2001:db8::1]:80"}]),  # no token, and sent all the same
    ('for="_gazonk"', [{"for": "_gazonk"}]),
    ("for=192.0.2.43, for=198.51.100.17", [{"for": "198.51.100.17"}, {"for": "192.0.2.43"}]),
    ('for=192.0.2.43,for="[2001:db8::17]";PROTO="https"',
     [{"for": "[2001:db8::17]", "proto": "https"}, {"for": "192.0.2.43"}]),
    ("for=192.0.2.43 ; ;proto=https;", [{"for": "192.0.2.43", "proto": "https"}]),
    (r'x="a,\"b;\\", for=192.0.2.1', [{"for": "192.0.2.1"}, {"x": 'a,"b;\\'}]),
    ('x=""', [{"x": ""}]),
    ("a=1,b=2,c=3,d=4,e=5", [{"e": "5"}, {"d": "4"}, {"c": "3"}, {"b": "2"}]),
    # what is malformed ends it, and takes nothing from what stands behind it
    ('for="a, for=192.0.2.1;proto=https', [{"for": "192.0.2.1", "proto": "https"}]),
    ('for="a, for="[2001:db8::1]"', [{"for": "[2001:db8::1]"}]),
    ('for=a", for=192.0.2.1', [{"for": "192.0.2.1"}]),
    ('x="\\, for="192.0.2.1"', [{"for": "192.0.2.1"}]),
    ("for, for=192.0.2.1", [{"for": "192.0.2.1"}]),
    ("for=192.0.2.2, =, for=192.0.2.1", [{"for": "192.0.2.1"}]),
    ("for=192.0.2.1;for=192.0.2.2", []), ("for=192.0.2.1;FOR=192.0.2.1", []), ("for=", []), ("for = 192.0.2.1", []),
    ('for="192.0.2.1', []), ('for=192.0.2.1"', []), ('for="192.0.2.1"x', []), ("for=a b", []), ("f\xfcr=a", []),
    ("x=" + "a" * 2000, []),
])
def test_elements_of_forwarded(field, said):
    assert last_of(field) == said


@given(PIECES)
def test_elements_of_anything(field):
    for said in last_of(field):
        assert said and all(name == name.lower() for name in said)


@given(PIECES, st.sampled_from(["for=192.0.2.1", 'for="[2001:db8::1]:80";proto=https', r'x="\"";for=_hidden']))
def test_what_stands_before_changes_nothing_of_the_last_element(field, last):
    assert last_of(f"{field}, {last}")[0] == last_of(last)[0]


def test_thousands_of_empty_elements_are_not_looked_at():
    assert last_of("for=192.0.2.1" + "," * 10_000) == []


@pytest.mark.parametrize(("text", "client"), [
    ("192.0.2.1", ("192.0.2.1", 0)), ("192.0.2.1:80", ("192.0.2.1", 80)), ("192.0.2.1:0", ("192.0.2.1", 0)),
    ("192.0.2.1:_port", ("192.0.2.1", 0)), ("[2001:db8::1]", ("2001:db8::1", 0)), ("2001:db8::1", ("2001:db8::1", 0)),
    ("[2001:db8::1]:65535", ("2001:db8::1", 65535)), ("[2001:db8::1]:65536", ("2001:db8::1", 0)),
    ("::ffff:192.0.2.1", ("::ffff:192.0.2.1", 0)),
])
def test_nodes(text, client):
    assert node(text)[0] == client


@pytest.mark.parametrize("text", [
    "", "unknown", "_hidden", "localhost", "192.0.2", "192.0.2.256", "192.0.2.01", "1", "[", "[]", "fe80::1%eth0",
    "[fe80::1%25eth0]:80", "[2001:db8::1]80", "[2001:db8::1", "2001:db8::1]", "192.0.2.1/24", "\xb2.0.0.1", ":80",
])
def test_no_nodes(text):
    assert node(text) is None


@given(PIECES)
def test_node_is_an_address_whatever_is_said(text):
    found = node(text)
    if found is not None:
        (host, port), known = found
        assert known in (ipaddress.ip_address(host), getattr(ipaddress.ip_address(host), "ipv4_mapped", None))
        assert 0 <= port <= 65535 and "%" not in host


@pytest.mark.parametrize(("text", "said"), [
    ("example.org", ("example.org", "")), ("example.org:8080", ("example.org", "8080")),
    ("[2001:db8::1]", ("[2001:db8::1]", "")), ("[2001:db8::1]:80", ("[2001:db8::1]", "80")), ("a_b", ("a_b", "")),
    ("", None), (":80", None), ("example.org:", None), ("example.org:0", None), ("example.org:65536", None),
    ("a b", None), ("a/b", None), ("user@example.org", None), ("2001:db8::1", None), ("[::g]", None), ("[1.2.3]", None),
    ("a\xe9", None), ("a%20b", None), ("<a>", None),
])
def test_hosts(text, said):
    assert host_and_port(text) == said


@pytest.mark.parametrize(("text", "number"), [
    ("1", 1), ("443", 443), ("65535", 65535), ("0", None), ("65536", None), ("", None), ("-1", None), ("8o", None),
    ("\xb2", None), ("9" * 5000, None), ("+80", None), (" 80", None),
])
def test_ports(text, number):
    assert port_number(text) == number


@pytest.mark.parametrize(("text", "path"), [
    ("/api", "/api"), ("/api/", "/api"), ("/a/b", "/a/b"), ("/", ""), ("/caf%C3%A9", "/caf\xe9"), ("/a%20b", "/a b"),
    ("/caf\xc3\xa9", "/caf\xe9"),  # as nginx sends it
    ("", None), ("api", None), ("//other.example", None), ("/%2Fother.example", None), ("/a//b", None), ("/..", None),
    ("/a/%2e%2e/b", None), ("/./a", None), ("/a%00", None), ("/a\\b", None), ("/a?b", None), ("/a%23b", None),
    ("https://other.example/", None), ("/a%0d%0aSet-Cookie:b", None),
])
def test_prefixes(text, path):
    assert prefix(text) == path
