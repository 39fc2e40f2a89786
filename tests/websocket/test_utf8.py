"""Texts: what is UTF-8 is decided as by Python's own decoder, and as soon as by it (RFC 6455, 8.1; RFC 3629)."""

from codecs import getincrementaldecoder

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsrv_ext.websocket.frames import BadFrame, Decoder
from tests.support.frames import CONTINUATION, LIMIT, PLAIN, TEXT, frame, head, read
from tests.websocket.rows import EDGES

UTF8 = getincrementaldecoder("utf-8")
LAST = frame(CONTINUATION)
BYTES = [bytes([byte]) for byte in range(256)]


def pythons_verdict(sequence):
    """"bad": nothing that may follow makes it a text; "begun": nothing is wrong but that it ends here; "whole"."""
    decoder = UTF8()
    try:
        decoder.decode(sequence)
    except UnicodeDecodeError:
        return "bad"
    rest = decoder.getstate()[0]
    if rest[:1] == b"\xed" and rest[1:2] >= b"\xa0":  # a surrogate, for whose third byte it waits all the same
        return "bad"
    return "begun" if rest else "whole"


def fails(decoder, data):
    try:
        decoder.feed(data)
    except BadFrame as failure:
        if failure.code == 1007:
            return True
        raise
    return False


def verdict(sequence):
    """Ours, of bytes that are no whole message: do they fail, or does the message, if it ends there?"""
    decoder = Decoder(LIMIT)
    if fails(decoder, bytes((TEXT, 0x80 | len(sequence))) + PLAIN + sequence):
        return "bad"
    return "begun" if fails(decoder, LAST) else "whole"


def is_text(sequence):
    """Ours, of a whole message."""
    return not fails(Decoder(LIMIT), bytes((0x80 | TEXT, 0x80 | len(sequence))) + PLAIN + sequence)


def check_verdicts(sequences):
    for sequence in sequences:
        expected = pythons_verdict(sequence)
        assert verdict(sequence) == expected, sequence.hex()
        if len(sequence) < 3 or sequence[2] & 0x3F in (0, 0x3F):  # a message that comes whole is decoded by Python
            assert is_text(sequence) == (expected == "whole"), sequence.hex()


def test_every_sequence_of_one_byte():
    check_verdicts(BYTES)


@pytest.mark.parametrize("firsts", [BYTES[:128], BYTES[128:]], ids=["ascii first", "others"])
def test_every_sequence_of_two_bytes(firsts):
    check_verdicts(first + second for first in firsts for second in BYTES)


def test_every_sequence_of_three_bytes():
    """Of one that is bad, or whole, before its third byte, the tests of one and two bytes have told what comes."""
    firsts = [first for first in BYTES if pythons_verdict(first) == "begun"]
    begun = [first + second for first in firsts for second in BYTES if pythons_verdict(first + second) == "begun"]
    assert len(begun) == 32 + 12 * 64 + 32 + 2 * 64 + 48 + 3 * 64 + 16  # behind E0, E1-EC, ED, EE-EF, F0, F1-F3, F4
    check_verdicts(sequence + third for sequence in begun for third in BYTES[0x7F:0xC1])
    check_verdicts(sequence + third for sequence in begun[::8] for third in BYTES)  # at least two behind each first


def test_every_character():
    """All in one message, in fragments that end everywhere in them; each is the same in a message of its own."""
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    data = everything.encode()
    for size in (61, 4093):
        reads = [frame(TEXT, fin=False, key=PLAIN), *(
            head(CONTINUATION, len(data[at:at + size]), fin=False, key=PLAIN) + data[at:at + size]
            for at in range(0, len(data), size))]
        assert read([*reads, LAST], limit=len(data)) == ([(TEXT, everything)], None)
    assert read([frame(TEXT, data)], limit=len(data)) == ([(TEXT, everything)], None)


@pytest.mark.parametrize("wrong", [b"\x80", b"\xff", b"\xc3a", b"\xe2\x82a", b"\xed\xa0"], ids=bytes.hex)
def test_bad_byte_anywhere_in_a_run_of_ascii(wrong):
    """Which is looked at by eight bytes at once."""
    for before in range(40):
        for begins in (b"", "é".encode()):
            for behind in (0, 1, 7, 8, 30):
                text = begins + b"a" * before
                assert read([frame(TEXT, text + wrong + b"a" * behind, fin=False)]) == ([], 1007)
                assert read([frame(TEXT, text, fin=False), frame(CONTINUATION, wrong, fin=False)]) == ([], 1007)


def test_ascii_of_each_length_before_and_behind_a_character():
    for before in range(20):
        for behind in range(20):
            text = "a" * before + "€" + "b" * behind + "\U0001f600"
            assert read([frame(TEXT, text.encode(), fin=False) + LAST]) == ([(TEXT, text)], None)


# What is mostly UTF-8, with anything in between.
parts = st.one_of(
    st.text(max_size=12).map(str.encode), st.sampled_from([edge.encode() for edge in EDGES]),
    st.text(alphabet="ab", min_size=6, max_size=20).map(str.encode), st.just(b""))
good_texts = st.lists(parts, max_size=6).map(b"".join)
spoilt = st.tuples(good_texts, st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from([
    b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xe0\x80\x80"])), good_texts).map(b"".join)
cuts = st.lists(st.integers(0, 200), max_size=5)


def in_pieces(data, cuts):
    places = sorted({0, *(min(cut, len(data)) for cut in cuts)})
    return [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True)]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.one_of(good_texts, spoilt), cuts, cuts)
def test_texts_in_fragments_and_in_reads(data, fragments, reads):
    """Each fragment fails that by Python's decoder nothing can follow."""
    pieces = in_pieces(data, fragments)
    framed = [frame(TEXT if index == 0 else CONTINUATION, piece, fin=False) for index, piece in enumerate(pieces)]
    verdicts = [pythons_verdict(b"".join(pieces[:heard])) for heard in range(1, len(pieces) + 1)]
    if "bad" in verdicts:
        at = verdicts.index("bad")
        assert read(framed[:at]) == ([], None)
        assert read(framed[:at + 1]) == ([], 1007)
    else:
        framed.append(LAST)
        expected = ([(TEXT, data.decode())], None) if verdicts[-1] == "whole" else ([], 1007)
        assert read(framed) == read(in_pieces(b"".join(framed), reads)) == expected
        assert read([frame(TEXT, data)]) == read(in_pieces(frame(TEXT, data), reads)) == expected


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=8))
def test_any_bytes_are_judged_as_by_python(data):
    check_verdicts([data])
