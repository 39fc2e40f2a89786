"""What we read and write, websockets and wsproto write and read; and nothing that they refuse is served, but for what
tests/support/peers.py lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.protocol import CLIENT

from fastsrv_ext.websocket.deflate import negotiate
from fastsrv_ext.websocket.frames import Decoder, encode
from tests.differ import run
from tests.support.compiled import compiled
from tests.support.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    DEFLATE,
    LIMIT,
    NEXT,
    PING,
    PLAIN,
    PONG,
    TEXT,
    deflated,
    frame,
)
from tests.support.peers import (
    KNOWN,
    SteadyDeflate,
    agree,
    compare,
    websockets_reads,
    websockets_writes,
    wsproto_reads,
    wsproto_writes,
)
from tests.websocket import compressed, rows

PEERS = {"websockets": websockets_reads, "wsproto": wsproto_reads}


# --- what a client sends ---

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536]
sizes = st.sampled_from([0, 0, 1, 2, 7, 8, 9, 30, 125, 126, 127, 300, 1000])
texts = st.builds(lambda letters, size: (letters * (size // max(1, len(letters)) + 1))[:size],
                  st.text(min_size=1, max_size=6), sizes)
noise = st.builds(lambda seed, size: (seed * (size // len(seed) + 1))[:size], st.binary(min_size=1, max_size=9), sizes)
control_payloads = st.one_of(st.binary(max_size=8), st.just(b"x" * 125))
controls = st.tuples(st.sampled_from([PING, PONG]), control_payloads, st.just(True))
closes = st.tuples(st.just(CLOSE), st.tuples(
    st.sampled_from([1000, 1001, 1003, 1007, 1011, 3000, 4999]), st.text(max_size=20)), st.just(True))
few_controls = st.lists(controls, max_size=1)


@st.composite
def messages(draw):
    """The frames of one, control frames among them."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    parts = draw(st.lists(texts if opcode == TEXT else noise, min_size=1, max_size=3))
    script = []
    for index, part in enumerate(parts):
        script += draw(few_controls)
        script.append((opcode if index == 0 else CONTINUATION, part, index == len(parts) - 1))
    return script


scripts = st.builds(
    lambda parts, end: [each for part in parts for each in part] + end, st.lists(messages(), min_size=1, max_size=4),
    st.one_of(st.just([]), closes.map(lambda close: [close])))
cuts = st.lists(st.integers(0, 5000), max_size=5)
takeovers = st.fixed_dictionaries({
    "server_no_context_takeover": st.booleans(), "client_no_context_takeover": st.booleans(),
    "server_max_window_bits": st.sampled_from([None, 9, 10, 12, 15]),
    "client_max_window_bits": st.sampled_from([None, True, 9, 10, 12, 15])})


def meant(script):
    """(opcode, payload) of what it sends."""
    found, opcode, whole = [], None, None
    for kind, payload, final in script:
        if kind in (PING, PONG, CLOSE):
            found.append((kind, payload))
            continue
        opcode, whole = (opcode, whole + payload) if kind == CONTINUATION else (kind, payload)
        if final:
            found.append((opcode, whole))
    return found


def as_found(expected):
    """As a Decoder has it: a Close's payload in bytes."""
    return [(opcode, payload[0].to_bytes(2, "big") + payload[1].encode() if opcode == CLOSE else payload)
            for opcode, payload in expected]


def fed(decoder, data, cuts):
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts)})
    return [each for start, end in zip(places, [*places[1:], len(data)], strict=True)
            for each in decoder.feed(data[start:end])]


@given(scripts, cuts)
def plain_client(script, cuts):
    for write in (websockets_writes, wsproto_writes):
        assert fed(Decoder(LIMIT), write(script), cuts) == as_found(meant(script))


@given(scripts, cuts, takeovers)
def compressing_websockets(script, cuts, settings):
    ours, theirs = agree(**settings)
    assert fed(Decoder(LIMIT, ours), websockets_writes(script, theirs), cuts) == as_found(meant(script))


@given(scripts, cuts, st.booleans(), st.integers(9, 15))
def compressing_wsproto(script, cuts, forgets, bits):
    theirs = SteadyDeflate(client_no_context_takeover=forgets, client_max_window_bits=bits)
    ours = negotiate([DEFLATE + b"; " + theirs.offer().encode()])
    theirs.finalize(ours.answer.decode())
    assert fed(Decoder(LIMIT, ours), wsproto_writes(script, theirs), cuts) == as_found(meant(script))


def test_we_read_what_both_write(request):
    run(request, plain_client, 200, 20_000)


def test_we_read_what_websockets_compresses(request):
    run(request, compressing_websockets, 150, 20_000)


def test_we_read_what_wsproto_compresses(request):
    run(request, compressing_wsproto, 100, 20_000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("write", [websockets_writes, wsproto_writes])
def test_we_read_messages_of_each_length(write, size):
    script = [(TEXT, "x" * size, True), (BINARY, b"y" * size, True)]
    assert Decoder(LIMIT).feed(write(script)) == meant(script)


# --- what we send ---

sent = st.lists(st.one_of(
    st.tuples(st.just(TEXT), texts), st.tuples(st.just(BINARY), noise),
    st.tuples(st.sampled_from([PING, PONG]), control_payloads)), max_size=6)


def written(messages, deflate=None, least=0):
    """As it leaves. deflate: what compresses those of `least` bytes and more."""
    data = b""
    for opcode, payload in messages:
        payload = payload.encode() if isinstance(payload, str) else payload
        if deflate is not None and opcode in (TEXT, BINARY) and len(payload) >= least:
            data += encode(opcode, compiled("packer").compress(deflate, payload), True)
        else:
            data += encode(opcode, payload)
    return data


def read_by_both(data, theirs=None, others=None):
    for reading in (websockets_reads(data, extension=theirs, side=CLIENT),
                    wsproto_reads(data, extension=others, client=True)):
        assert reading.refused is None
        yield reading.found


@given(sent, closes)
def server(messages, close):
    data = written([*messages, *as_found([close[:2]])])
    assert [*read_by_both(data)] == [[*messages, close[:2]]] * 2


@given(sent, st.sampled_from([0, 1, 100]), takeovers)
def compressing_server(messages, least, settings):
    ours, theirs = agree(**settings)
    others = SteadyDeflate()
    others.finalize(ours.answer.decode())
    assert [*read_by_both(written(messages, ours, least), theirs, others)] == [messages] * 2


def test_both_read_what_we_write(request):
    run(request, server, 150, 20_000)


def test_both_read_what_we_compress(request):
    run(request, compressing_server, 150, 20_000)


@pytest.mark.parametrize("size", SIZES)
def test_both_read_messages_of_each_length(size):
    messages = [(TEXT, "x" * size), (BINARY, b"y" * size)]
    assert [*read_by_both(written(messages))] == [messages] * 2


# --- what may come instead ---

odd_payloads = st.one_of(
    st.binary(max_size=12), st.text(max_size=8).map(str.encode), st.just(b""),
    st.sampled_from([
        b"\xc3", b"\xa9", b"\xe2\x82", b"\xac", b"\xed\xa0\x80", b"\xf4\x90", b"\xff", b"x" * 125, b"y" * 126,
        b"z" * 200]),
    st.builds(lambda code, reason: code.to_bytes(2, "big") + reason, st.sampled_from(
        [0, 999, 1000, 1002, 1004, 1005, 1006, 1007, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65_535]),
        st.sampled_from([b"", b"why", b"\xc3\xa9", b"\xc3"])))
usual_kinds = st.sampled_from([
    *[(opcode, True) for opcode in (TEXT, TEXT, BINARY, CONTINUATION, CONTINUATION, PING)],
    *[(opcode, False) for opcode in (TEXT, BINARY, CONTINUATION)]])
kinds = st.one_of(usual_kinds, usual_kinds, st.tuples(st.sampled_from([PONG, CLOSE, PING, 3, 11]), st.booleans()))
usual_ways = {"key": PLAIN, "width": None}
ways = st.sampled_from([usual_ways] * 12 + [
    {**usual_ways, **odd} for odd in ({"key": b"1234"}, {"key": None}, {"width": 2}, {"width": 8})])
plain_bits = st.sampled_from([(0, False)] * 12 + [(rsv, False) for rsv in (1, 2, 4, 7)])  # (rsv, is it compressed?)
deflate_bits = st.sampled_from([(0, False)] * 4 + [(4, True)] * 6 + [(4, False), (0, True), (2, True)])


@st.composite
def odd_frames(draw, bits):
    payload, (opcode, fin), (rsv, packs), way = draw(odd_payloads), draw(kinds), draw(bits), draw(ways)
    return frame(opcode, deflated(payload) if packs else payload, fin=fin, rsv=rsv, **way)


@st.composite
def mutated(draw, connections):
    """With a bit, a byte or some more changed."""
    data = draw(connections)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        change = draw(st.sampled_from(["flip", "replace", "insert", "delete", "double", "move"]))
        if change == "flip" and data:
            data = data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1:]
        elif change == "replace":
            data = data[:at] + draw(st.binary(min_size=1, max_size=2)) + data[at + 1:]
        elif change == "insert":
            data = data[:at] + draw(st.binary(min_size=1, max_size=6)) + data[at:]
        elif change == "delete":
            data = data[:at] + data[at + draw(st.integers(1, 8)):]
        elif change == "double":
            data = data[:at + 1] + data[at:]
        else:
            data = data[at:] + data[:at]
    return data


def connections(bits):
    whole = st.lists(odd_frames(bits), min_size=1, max_size=7).map(b"".join)
    return st.one_of(whole, mutated(whole))


@given(connections(plain_bits))
def odd_connection(data):
    compare(data)


@given(connections(deflate_bits))
def odd_compressed_connection(data):
    compare(data, DEFLATE)


@given(st.binary(max_size=60), st.sampled_from([None, DEFLATE]))
def any_bytes(data, offer):
    compare(data, offer)


def test_odd_frames_are_read_alike(request):
    run(request, odd_connection, 300, 100_000)


def test_odd_compressed_frames_are_read_alike(request):
    run(request, odd_compressed_connection, 300, 100_000)


def test_any_bytes_are_read_alike(request):
    run(request, any_bytes, 200, 50_000)


USUAL = [row for row in (*rows.ROWS, *compressed.ROWS)
         if row.limit == LIMIT and row.offer in (None, DEFLATE) and len(row.data) < 2000 and row.code != 1008]


@pytest.mark.parametrize("row", USUAL, ids=lambda row: row.name)
def test_rows_are_read_alike(row):
    compare(row.data, row.offer)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_difference_is_one(known):
    assert compare(known.data) == {known.name}
    for peer in known.peers:
        theirs = PEERS[peer](known.data + NEXT)
        assert bool(theirs.found) == (known.they_refuse is None)
