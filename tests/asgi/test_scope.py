"""The scope of an HTTP request, key by key (ASGI 3.0, http 2.5, "HTTP Connection Scope")."""

import copy

import pytest

from tests.support.apps import Recorder, echo
from tests.support.wire import get, post

KEYS = ["type", "asgi", "http_version", "server", "client", "scheme", "method", "root_path", "path", "raw_path",
        "query_string", "headers", "state"]


def scope_of(wire, request=None, **settings):
    app = Recorder()
    wire(app, **settings).send(get() if request is None else request)
    return app.scope


def test_scope_is_a_dict_of_these_keys(wire):
    """No `extensions` that do not work."""
    scope = scope_of(wire)
    assert type(scope) is dict
    assert sorted(scope) == sorted(KEYS)
    assert scope["type"] == "http"


@pytest.mark.parametrize(("raises", "version"), [(False, "2.3"), (True, "2.5")])
def test_asgi_versions(wire, raises, version):
    """What is obeyed: from 2.4 on send() raises when the client has gone."""
    assert scope_of(wire, send_raises=raises)["asgi"] == {"version": "3.0", "spec_version": version}


def test_types_are_those_of_the_specification(wire):
    """ASGI 3.0, "Extra Coverage": str and bytes are never mixed up. Pairs and addresses are tuples, as in
    asgiref.typing."""
    scope = scope_of(wire, get(b"/a%20b?c=d", b"X-A: b"))
    types = {key: type(value) for key, value in scope.items()}
    assert types == {
        "type": str, "asgi": dict, "http_version": str, "server": tuple, "client": tuple, "scheme": str,
        "method": str, "root_path": str, "path": str, "raw_path": bytes, "query_string": bytes, "headers": list,
        "state": dict,
    }
    assert {(type(pair), *map(type, pair)) for pair in scope["headers"]} == {(tuple, bytes, bytes)}
    assert [type(part) for part in scope["client"] + scope["server"]] == [str, int, str, int]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("fields", [[], [b"Connection: keep-alive"], [b"Connection: close"]])
def test_http_version(wire, version, fields):
    assert scope_of(wire, get(b"/", *fields, version=version.encode()))["http_version"] == version


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
                                    "PROPFIND", "REPORT", "M-SEARCH", "PURGE"])
def test_method_is_upper_case(wire, method):
    assert scope_of(wire, get().replace(b"GET", method.encode()))["method"] == method


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_scheme_is_that_of_the_listener(wire, scheme):
    assert scope_of(wire, scheme=scheme)["scheme"] == scheme


@pytest.mark.parametrize(("target", "path", "raw_path", "query_string"), [
    (b"/", "/", b"/", b""),
    (b"/a/b", "/a/b", b"/a/b", b""),
    (b"/a?b=c&d", "/a", b"/a", b"b=c&d"),
    (b"/a?", "/a", b"/a", b""),
    (b"/a??b?c", "/a", b"/a", b"?b?c"),
    (b"/a%20b", "/a b", b"/a%20b", b""),
    (b"/caf%C3%A9", "/café", b"/caf%C3%A9", b""),
    (b"/caf%c3%a9", "/café", b"/caf%c3%a9", b""),
    (b"/%E2%82%AC/%F0%9F%90%8D", "/€/🐍", b"/%E2%82%AC/%F0%9F%90%8D", b""),
    (b"/a%2Fb%3Fc%23d", "/a/b?c#d", b"/a%2Fb%3Fc%23d", b""),
    (b"/a%25b", "/a%b", b"/a%25b", b""),
    (b"/a%2520b", "/a%20b", b"/a%2520b", b""),  # decoded once
    (b"/a%01b%0d%0a", "/a\x01b\r\n", b"/a%01b%0d%0a", b""),
    (b"/a+b", "/a+b", b"/a+b", b""),  # plus is plus in a path
    (b"//a//b/", "//a//b/", b"//a//b/", b""),
    (b"/a/../b/./c", "/a/../b/./c", b"/a/../b/./c", b""),
    (b"/a;b=c", "/a;b=c", b"/a;b=c", b""),
    (b"/a?b=%20%C3%A9+&c=%zz", "/a", b"/a", b"b=%20%C3%A9+&c=%zz"),  # the query stays encoded
    # what is no UTF-8
    (b"/a%ffb", "/a\ufffdb", b"/a%ffb", b""),
    (b"/%C3", "/\ufffd", b"/%C3", b""),
    (b"/%ED%A0%80", "/\ufffd\ufffd\ufffd", b"/%ED%A0%80", b""),  # a surrogate is no UTF-8
])
def test_path_is_decoded_and_raw_path_and_query_string_are_not(wire, target, path, raw_path, query_string):
    scope = scope_of(wire, get(target))
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (path, raw_path, query_string)


def test_options_asterisk(wire):
    scope = scope_of(wire, get(b"*").replace(b"GET", b"OPTIONS"))
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("*", b"*", b"")


def test_root_path_is_empty_by_default(wire):
    assert scope_of(wire)["root_path"] == ""


def test_path_keeps_root_path(wire):
    """root_path is the place of the app, path includes it."""
    scope = scope_of(wire, get(b"/api/users"), root_path="/api")
    assert (scope["root_path"], scope["path"]) == ("/api", "/api/users")


@pytest.mark.parametrize(("mode", "target", "path"), [
    ("missing", b"/users", "/api/users"), ("missing", b"/api/users", "/api/users"), ("missing", b"/api", "/api"),
    ("missing", b"/apiary", "/api/apiary"), ("missing", b"/", "/api/"), ("missing", b"/%61pi/a", "/api/a"),
    ("missing", b"/users?/api", "/api/users"), ("missing", b"http://example.org/users", "/api/users"),
    ("missing", b"//api/users", "/api//api/users"), ("missing", b"/API/users", "/api/API/users"),
    ("always", b"/users", "/api/users"), ("always", b"/api/users", "/api/api/users"),
    ("never", b"/users", "/users"), ("never", b"/api/users", "/api/users"),
])
def test_path_begins_with_root_path_where_a_proxy_has_taken_it_off(wire, mode, target, path):
    """raw_path is what came."""
    scope = scope_of(wire, get(target), root_path="/api", add_root_path=mode)
    raw_path = target.removeprefix(b"http://example.org").partition(b"?")[0]
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == ("/api", path, raw_path)


@pytest.mark.parametrize("mode", ["missing", "always", "never"])
def test_asterisk_is_no_path_below_anything(wire, mode):
    scope = scope_of(wire, get(b"*").replace(b"GET", b"OPTIONS"), root_path="/api", add_root_path=mode)
    assert (scope["root_path"], scope["path"]) == ("/api", "*")


def test_headers_keep_order_and_duplicates_with_names_in_lower_case(wire):
    scope = scope_of(wire, get(b"/", b"Cookie: a=b", b"X-Mixed-Case: Value", b"ACCEPT: x", b"cookie: c=d", b"x-e:",
                               b"X_Under: \xc3\xa9", b"cOOkie: a=b"))
    assert scope["headers"] == [
        (b"host", b"example.org"), (b"cookie", b"a=b"), (b"x-mixed-case", b"Value"), (b"accept", b"x"),
        (b"cookie", b"c=d"), (b"x-e", b""), (b"x_under", b"\xc3\xa9"), (b"cookie", b"a=b"),
    ]


def test_values_lose_the_space_around_them(wire):
    """RFC 9112, 5."""
    scope = scope_of(wire, get(b"/", b"A:b", b"C:  \t d e\t \t"))
    assert scope["headers"][1:] == [(b"a", b"b"), (b"c", b"d e")]


def test_headers_of_a_request_split_over_reads_are_whole(wire):
    app = Recorder()
    wire(app).drip(post(b"body", b"X-Long: " + b"value " * 50, b"Cookie: a=b"))
    assert app.scope["headers"] == [(b"host", b"example.org"), (b"content-length", b"4"),
                                    (b"x-long", (b"value " * 50).strip()), (b"cookie", b"a=b")]


def test_client_and_server_are_host_and_port(wire):
    scope = scope_of(wire)
    assert scope["client"] == ("192.0.2.7", 4321)
    assert scope["server"] == ("192.0.2.1", 80)


def test_client_and_server_of_a_unix_socket(wire):
    """The server is its path, the client has no address."""
    scope = scope_of(wire, unix=True)
    assert scope["client"] is None
    assert scope["server"] == ("/run/fastsrv.sock", None)


def test_real_addresses(serve):
    app = Recorder()
    server = serve(app, lifespan="off")
    with server.connect() as connection:
        connection.sendall(get(b"/", b"Connection: close"))
        assert connection.recv(100)
        assert app.scope["client"] == connection.getsockname()
        assert app.scope["server"] == ("127.0.0.1", server.port)


def test_state_is_a_shallow_copy_for_each_request(wire):
    """lifespan 2.0, "Lifespan State": a request may rebind names without another's seeing it, and share what
    they name."""
    shared = []
    state = {"shared": shared, "name": "first"}

    async def change(scope, receive, send):
        scope["state"]["name"] = "changed"
        scope["state"]["more"] = 1
        scope["state"]["shared"].append(1)
        await echo(scope, receive, send)

    app = Recorder(change)
    wire(app, state=state).send(get(), get())
    assert [scope["state"]["shared"] is shared for scope in app.scopes] == [True, True]
    assert app.scopes[0]["state"] is not app.scopes[1]["state"]
    assert shared == [1, 1]
    assert state == {"shared": shared, "name": "first"}


@pytest.mark.parametrize("left", [None, {}])
def test_empty_state_is_there(wire, left):
    """Also without a lifespan, as on every other server: middleware writes to it. It is the request's own."""
    app = Recorder()
    wire(app, state=left).send(get(), get())
    first, second = (scope["state"] for scope in app.scopes)
    assert first == second == {}
    assert first is not second


def test_scope_of_each_request_is_its_own(wire):
    """Middleware changes the scope and the headers list; nothing of it reaches the next request."""
    before = []

    async def change(scope, receive, send):
        before.append(copy.deepcopy(scope))
        scope["headers"].append((b"x-added", b"1"))
        scope["asgi"]["version"] = "changed"
        for key in ("path", "root_path", "scheme", "query_string", "client", "extensions"):
            scope[key] = "changed"
        await echo(scope, receive, send)

    wire(change).send(get(b"/a?b"), get(b"/a?b") * 2)
    assert len(before) == 3
    assert before[0] == before[1] == before[2]


def test_one_call_of_the_app_per_request(wire):
    app = Recorder()
    wire(app).send(get(b"/1"), get(b"/2") + get(b"/3"), post(b"x" * 100_000, path=b"/4"), get(b"/5"))
    assert [scope["path"] for scope in app.scopes] == ["/1", "/2", "/3", "/4", "/5"]
