"""What is agreed of permessage-deflate (RFC 7692, 7.1; RFC 6455, 9.1), offer by offer."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidHeaderFormat, NegotiationError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.headers import parse_extension

from fastsrv_ext.websocket.deflate import negotiate

BITS = 12  # of our windows, unless a client asks for less
OURS = f"server_max_window_bits={BITS}"
NAME = "permessage-deflate"
LONGEST = 2048  # bytes of offers


def answer(*fields):
    """Of the answer to these fields the extension and the set of its parameters; None if there is none."""
    deflate = negotiate([field.encode("latin-1") for field in fields])
    if deflate is None:
        return None
    name, *parameters = deflate.answer.decode().split("; ")
    assert len({*parameters}) == len(parameters)
    assert name == NAME
    return {*parameters}


@pytest.mark.parametrize(("offered", "agreed"), [
    ("", {OURS}),
    ("; server_no_context_takeover", {"server_no_context_takeover", OURS}),
    ("; client_no_context_takeover", {"client_no_context_takeover", OURS}),
    ("; server_max_window_bits=15", {OURS}),
    ("; server_max_window_bits=13", {OURS}),
    ("; server_max_window_bits=12", {OURS}),
    ("; server_max_window_bits=11", {"server_max_window_bits=11"}),
    ("; server_max_window_bits=10", {"server_max_window_bits=10"}),
    ("; server_max_window_bits=9", {"server_max_window_bits=9"}),
    ("; client_max_window_bits", {OURS, "client_max_window_bits=12"}),
    ("; client_max_window_bits=15", {OURS, "client_max_window_bits=12"}),
    ("; client_max_window_bits=13", {OURS, "client_max_window_bits=12"}),
    ("; client_max_window_bits=12", {OURS, "client_max_window_bits=12"}),
    ("; client_max_window_bits=11", {OURS, "client_max_window_bits=11"}),
    ("; client_max_window_bits=9", {OURS, "client_max_window_bits=9"}),
    ("; client_max_window_bits=8", {OURS, "client_max_window_bits=8"}),
    ("; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
     {"server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=10",
      "client_max_window_bits=11"}),
    ('; client_max_window_bits="10"', {OURS, "client_max_window_bits=10"}),
    ('; server_max_window_bits="10"', {"server_max_window_bits=10"}),
    (r'; server_max_window_bits="\1\0"', {"server_max_window_bits=10"}),
    (r'; client_max_window_bits="1\0"; server_no_context_takeover', {
        "server_no_context_takeover", OURS, "client_max_window_bits=10"}),
    (";server_max_window_bits=10;client_max_window_bits=9", {"server_max_window_bits=10", "client_max_window_bits=9"}),
    ("\t ;  server_max_window_bits \t=\t 10 \t;\tclient_max_window_bits  ", {
        "server_max_window_bits=10", "client_max_window_bits=12"}),
    ("; SERVER_NO_CONTEXT_TAKEOVER; Client_Max_Window_Bits=9", {
        "server_no_context_takeover", OURS, "client_max_window_bits=9"}),
])
def test_offer_that_is_taken(offered, agreed):
    assert answer(NAME + offered) == agreed
    assert answer(NAME.upper() + offered) == agreed
    assert answer("x-other; y=z, " + NAME + offered + ", more") == agreed
    assert answer(f" {NAME}{offered}\t") == agreed


@pytest.mark.parametrize("offered", [
    "server_no_context_takeover=1", 'server_no_context_takeover="true"', "client_no_context_takeover=0",
    "server_max_window_bits", "server_max_window_bits=8",
    *(f"{whose}_max_window_bits={bits}" for whose in ("server", "client")
      for bits in ("0", "7", "16", "08", "09", "+9", "-9", "9.0", "0x9", "1e1", "99", "1", "115", "true", "010", "9_")),
    "unknown", "unknown=1", "server_max_window_bit=10", "max_window_bits=10", "server-max-window-bits=10",
    *(f"{parameter}; {parameter}" for parameter in (
        "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=10",
        "client_max_window_bits=10", "client_max_window_bits")),
    "client_max_window_bits; client_max_window_bits=10", "server_max_window_bits=10; SERVER_MAX_WINDOW_BITS=10",
    "server_max_window_bits=10; server_max_window_bits=11",
])
def test_offer_that_is_declined(offered):
    """RFC 7692, 7: it is as if it had not been made; the next one may be taken."""
    assert answer(f"{NAME}; {offered}") is None
    assert answer(f"{NAME}; client_max_window_bits; {offered}") is None
    assert answer(f"{NAME}; {offered}, {NAME}; server_max_window_bits=9") == {"server_max_window_bits=9"}


@pytest.mark.parametrize("fields", [
    [], [""], [" "], [","], ["", ""], ["x-webkit-deflate-frame"], ["permessage-bzip2; a=b", "c"],
    ["permessage-deflate2"], ["permessage"], ["deflate"],
])
def test_nothing_offered(fields):
    assert answer(*fields) is None


@pytest.mark.parametrize(("fields", "bits"), [
    ([f"{NAME}; server_max_window_bits=9, {NAME}; server_max_window_bits=10"], 9),
    ([f"{NAME}; server_max_window_bits=10, {NAME}; server_max_window_bits=9"], 10),
    ([f"{NAME}; server_max_window_bits=8, {NAME}; server_max_window_bits=10"], 10),
    ([f"{NAME}; server_max_window_bits=9", f"{NAME}; server_max_window_bits=10"], 9),
    (["x, y; z=1", f"{NAME}; server_max_window_bits=11"], 11),
    (["", f",, ,{NAME}; server_max_window_bits=11,"], 11),
])
def test_first_offer_that_can_be_taken_is(fields, bits):
    assert answer(*fields) == {f"server_max_window_bits={bits}"}


@pytest.mark.parametrize("field", [
    ";", "; a", f"{NAME};", f"{NAME}; ", f"{NAME};;a", f"{NAME}; a=", f"{NAME}; a=;b", f"{NAME}; =b", f"{NAME} a",
    f"{NAME}; a b", f'{NAME}; a="', f'{NAME}; a=""', f'{NAME}; a="b', f'{NAME}; a=b"', f'{NAME}; a="b c"',
    f'{NAME}; a="b"c', f"{NAME}; a='b c'", f'"{NAME}"', f"{NAME}=1", f"{NAME}; a==b", f"{NAME}\x00", f"{NAME}; \x0ba",
    f"{NAME}; a\xa0", "é", "a/b", "(a)", "a; b={c}", f"{NAME}; a=b\n", f"{NAME}\r\n", f"x; , {NAME}", f"@, {NAME}",
    f'{NAME}; a="b,c"',
])
def test_what_is_no_list_of_extensions(field):
    for fields in ([field], ["x", field], [field, NAME], ["", field, ""]):
        with pytest.raises(ValueError):
            answer(*fields)


@pytest.mark.parametrize("field", [f"{NAME}, @", f"{NAME}, {NAME}; a=", f"{NAME}, ;"])
def test_what_is_no_list_behind_an_offer_that_is_taken(field):
    with pytest.raises(ValueError):
        answer(field)


@pytest.mark.parametrize("field", [
    "a" * 2000, "a" + " " * 2000 + "@", "a" + ";b" * 1000 + "@", "a" + "; b = c " * 250 + "=", "a," * 1000,
    "a;" + " " * 2000 + "@", 'a;b="' + "c" * 2000, "a;b=" + "c" * 2000 + '"', ", " * 1000 + "@",
], ids=lambda field: field[:4] + field[-1])
def test_long_fields_take_time_in_proportion(field):
    """Some hundredths of a second of the processor's; an expression that tries again and again takes minutes."""
    assert len(field) <= LONGEST
    began = process_time()
    for _ in range(30):
        try:
            assert answer(field) is None
        except ValueError:
            pass
    assert process_time() - began < 2


# --- held against websockets ---

words = st.sampled_from([
    NAME, NAME, NAME, "x", "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
    "client_max_window_bits", "7", "9", "10", "12", "15", "16", "=", "=", ";", ";", ",", " ", "\t", '"', '"10"', "\xe9",
    "=10", "; client_max_window_bits", "; server_max_window_bits=", "; server_no_context_takeover", ", " + NAME])
fields = st.one_of(
    st.lists(words, max_size=10).map("".join), st.lists(words, max_size=8).map(lambda words: NAME + "".join(words)))


def websockets_agrees_to(field):
    """With the same windows: the parameters of its answer, None, or ValueError."""
    factory = ServerPerMessageDeflateFactory(server_max_window_bits=BITS, client_max_window_bits=BITS)
    agreed = None
    for name, parameters in parse_extension(field):
        if name == NAME and agreed is None:
            try:
                answer, _ = factory.process_request_params(parameters, [])
            except NegotiationError:
                continue
            agreed = {name if value is None else f"{name}={value}" for name, value in answer}
    return agreed


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(fields)
def test_agrees_to_what_websockets_agrees_to(field):
    try:
        expected = websockets_agrees_to(field.strip(" \t"))
    except InvalidHeaderFormat:
        # Which a list of nothing is to websockets, too.
        if field.strip(" \t,"):
            with pytest.raises(ValueError):
                answer(field)
    else:
        assert answer(field) == expected
