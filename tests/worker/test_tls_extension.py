"""The ASGI extension tls (0.2), on real sockets and both loops: what an app is told of the TLS of its requests."""

import ssl

import pytest
import trustme
from websockets.sync.client import connect as connect_websocket

from tests.support.apps import Recorder, hello
from tests.support.asking import ask, fetch
from tests.support.authority import authority, certificate, child_of, client_context, server_context, text
from tests.support.servers import read_to_end

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
SUITES = {  # RFC 8446, B.4; RFC 5289, 3.2; RFC 7905, 2
    "TLS_AES_256_GCM_SHA384": 0x1302, "TLS_AES_128_GCM_SHA256": 0x1301, "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
    "ECDHE-ECDSA-AES128-GCM-SHA256": 0xC02B, "ECDHE-ECDSA-AES256-GCM-SHA384": 0xC02C,
    "ECDHE-RSA-AES128-GCM-SHA256": 0xC02F, "ECDHE-RSA-CHACHA20-POLY1305": 0xCCA8,
}


def connect(server, context, name="localhost", session=None):
    connection = server.connect()
    try:
        return context.wrap_socket(connection, server_hostname=name, session=session)
    except BaseException:
        connection.close()
        raise


def told(app):
    """Of the last request."""
    return app.scopes[-1]["extensions"]["tls"]


@pytest.fixture
def serving(serve, tmp_path):
    """serving(context or certificate) -> server, app"""
    def start(made):
        app = Recorder(hello)
        context = made if isinstance(made, ssl.SSLContext) else server_context(made, tmp_path)
        return serve(app, tls=context, lifespan="off"), app

    return start


def asks_for_certificates(context, mode=ssl.CERT_REQUIRED, of=None):
    context.verify_mode = mode
    context.load_verify_locations(cadata=text((of or authority()).cert_pem))
    return context


def test_plain_text_has_no_such_extension(serve):
    app = Recorder(hello)
    fetch(serve(app, lifespan="off"))
    assert "extensions" not in app.scope


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_version_suite_and_certificate_of_the_server(serving, version):
    made = certificate(of=child_of(authority()))
    server, app = serving(made)
    with connect(server, client_context(maximum_version=version)) as connection:
        for _ in range(2):
            assert ask(connection).status == 200
        suite = SUITES[connection.cipher()[0]]
    first, second = (scope["extensions"] for scope in app.scopes)
    assert first == second == {"tls": {
        "server_cert": made.pem, "client_cert_chain": [], "client_cert_name": None, "client_cert_error": None,
        "tls_version": version.value, "cipher_suite": suite,
    }}


def test_what_an_app_changes_is_seen_by_no_other_request(serving):
    server, app = serving(certificate())
    with connect(server, client_context()) as connection:
        ask(connection)
        mine = told(app)
        mine["client_cert_chain"].append("mine")
        mine["tls_version"] = None
        ask(connection)
    assert told(app)["client_cert_chain"] == [] and told(app)["tls_version"] == TLS_1_3


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
                                   "ECDHE-RSA-CHACHA20-POLY1305"])
def test_certificate_that_was_chosen_among_several_kinds(serving, tmp_path, suite):
    kinds = {kind.name: certificate(key_type=kind) for kind in trustme.KeyType}
    context = server_context(kinds["RSA"], tmp_path)
    (tmp_path / "ecdsa").write_text(kinds["ECDSA"].both)
    context.load_cert_chain(tmp_path / "ecdsa")
    server, app = serving(context)
    client = client_context(maximum_version=TLS_1_2)
    client.set_ciphers(suite)
    with connect(server, client) as connection:
        ask(connection)
    assert told(app)["cipher_suite"] == SUITES[suite]
    assert told(app)["server_cert"] == kinds[suite.split("-")[1]].pem


def test_websocket_has_it_beside_its_own_extension(serve, tmp_path):
    made, seen = certificate(), []

    async def app(scope, receive, send):
        seen.append(scope["extensions"])
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    server = serve(app, tls=server_context(made, tmp_path), lifespan="off")
    with connect_websocket(f"wss://localhost:{server.port}/", ssl=client_context(), sock=server.connect()):
        pass
    (extensions,) = seen
    assert extensions.pop("websocket.http.response") == {}
    assert [*extensions] == ["tls"] and extensions["tls"]["server_cert"] == made.pem


# --- clients with certificates ---


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_client_is_told_with_all_that_it_has_sent(serving, tmp_path, version):
    server_has, client_has = certificate(), certificate(
        "client.example.org", of=child_of(authority()), common_name="Doe, John", organization_name="Ex+ample")
    server, app = serving(asks_for_certificates(server_context(server_has, tmp_path)))
    with connect(server, client_context(client_has, tmp_path, maximum_version=version)) as connection:
        ask(connection)
    assert len(client_has.chain) == 2
    assert told(app)["client_cert_chain"] == client_has.chain
    name = told(app)["client_cert_name"]
    assert name.startswith(r"CN=Doe\, John,OU=") and name.endswith(r",O=Ex\+ample")
    assert told(app)["client_cert_error"] is None
    assert told(app)["server_cert"] == server_has.pem  # which nobody without a certificate is shown


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_client_that_resumes_its_session_is_the_same(serving, tmp_path, version):
    client_has = certificate("client.example.org", common_name="one")
    server, app = serving(asks_for_certificates(server_context(certificate(), tmp_path)))
    context = client_context(client_has, tmp_path, maximum_version=version)
    with connect(server, context) as connection:
        ask(connection)
        session = connection.session
    with connect(server, context, session=session) as connection:
        ask(connection)
        assert connection.session_reused
    first, second = (scope["extensions"]["tls"] for scope in app.scopes)
    assert second == {**first, "client_cert_chain": [client_has.pem]}  # a session keeps no more of the chain
    assert first["client_cert_name"].startswith("CN=one,")


def test_client_need_have_none_where_it_may(serving, tmp_path):
    server, app = serving(asks_for_certificates(server_context(certificate(), tmp_path), ssl.CERT_OPTIONAL))
    with connect(server, client_context()) as connection:
        ask(connection)
    assert told(app)["client_cert_chain"] == [] and told(app)["client_cert_name"] is None


def test_client_of_another_authority_never_reaches_the_app(serving, tmp_path):
    stranger = certificate("client.example.org", of=authority("strangers"))
    server, app = serving(asks_for_certificates(server_context(certificate(), tmp_path), ssl.CERT_OPTIONAL))
    with connect(server, client_context(stranger, tmp_path)) as connection:
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            read_to_end(connection)
    assert app.scopes == []


# --- a context of one's own, that chooses by the name that a client asks for ---


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_certificate_is_the_one_that_the_callback_has_chosen(serving, tmp_path, version):
    usual, hosts = certificate("localhost"), {name: certificate(name) for name in ("a.example", "b.example")}
    # Whether clients are asked is the first context's to say, whose authority is believed that of the chosen one.
    contexts = {
        name: asks_for_certificates(server_context(made, tmp_path), ssl.CERT_NONE) for name, made in hosts.items()}
    asked = []

    def choose(tls, name, context):
        asked.append(name)
        tls.context = contexts.get(name, contexts["b.example"] if name is None else context)

    context = asks_for_certificates(server_context(usual, tmp_path))
    context.sni_callback = choose
    server, app = serving(context)
    names = ["a.example", "localhost", "b.example", "a.example", "localhost"]
    client = client_context(certificate("client", common_name="client"), tmp_path, maximum_version=version)
    for name in names:
        with connect(server, client, name) as connection:
            ask(connection)
            assert ssl.DER_cert_to_PEM_cert(connection.getpeercert(True)) == told(app)["server_cert"]
            assert told(app)["server_cert"] == {**hosts, "localhost": usual}[name].pem
            assert told(app)["client_cert_name"].startswith("CN=client,")
    assert asked == names  # nobody else was asked about
    assert server.call(lambda: (context.sni_callback, context.verify_mode)) == (choose, ssl.CERT_REQUIRED)


def test_clients_are_not_asked_by_a_context_that_is_chosen(serving, tmp_path):
    """Nor by any other server on OpenSSL: the first context says it, as docs/TLS.md warns."""
    made = certificate()
    chosen = asks_for_certificates(server_context(made, tmp_path))
    context = server_context(certificate(), tmp_path)
    context.sni_callback = lambda tls, name, context: setattr(tls, "context", chosen)
    server, app = serving(context)
    with connect(server, client_context(certificate("client"), tmp_path)) as connection:
        ask(connection)
    assert told(app)["server_cert"] == made.pem and told(app)["client_cert_chain"] == []
