"""What websockets and wsproto make of a WebSocket's bytes, and how they write it, in one shape to be held against ours.

Neither knows anything of fastsrv. Where they need not agree with us stands in KNOWN, and nowhere else.
"""

import re
from codecs import getincrementaldecoder
from dataclasses import dataclass, field, replace

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.extensions.permessage_deflate import PerMessageDeflate as WebsocketsDeflate
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from fastsrv_ext.websocket.deflate import negotiate
from fastsrv_ext.websocket.frames import BadFrame, Decoder, parse_close
from tests.support.frames import CLOSE, CONTINUATION, DEFLATE, LIMIT, NEXT, PING, PONG, TEXT, single


@dataclass
class Reading:
    """found: (opcode, payload) of each message and control frame; a Close's payload is (code, reason), and behind one
    nothing is read. refused: why nothing more is read, None if more may come. comparable: how many of `found` came
    before a final block of the compressed stream, behind which a peer reads nothing."""

    found: list = field(default_factory=list)
    refused: str | None = None
    comparable: int | None = None


def we_read(data, offer=None, limit=LIMIT):
    """Byte by byte, so that nothing is lost of what comes before a fault; at once it has to be the same."""
    reading, end = decoded(single(data), offer, limit)
    whole, _ = decoded([data[:end]], offer, limit)
    assert whole.found == reading.found[:len(whole.found)]
    assert (whole.refused is None) == (reading.refused is None), whole.refused or reading.refused
    assert whole.refused is not None or len(whole.found) == len(reading.found)
    return reading


def decoded(reads, offer=None, limit=LIMIT):
    """(what is read, how many bytes it took)."""
    decoder, reading, taken = Decoder(limit, None if offer is None else negotiate([offer])), Reading(), 0
    try:
        for data in reads:
            taken += len(data)
            for opcode, payload in decoder.feed(data):
                if opcode == CLOSE:
                    reading.found.append((CLOSE, parse_close(payload)))
                    return reading, taken
                reading.found.append((opcode, payload))
    except BadFrame as failure:
        reading.refused = failure.reason
    return reading, taken


# --- websockets ---

class EndingDeflate(WebsocketsDeflate):
    """Knows in which frame the stream has ended with a final block. It has to go on from message to message."""

    frames, ended_in = 0, None

    def decode(self, frame, *, max_size=None):
        self.frames += 1
        decoded = super().decode(frame, max_size=max_size)
        if self.decoder.eof and self.ended_in is None:
            self.ended_in = self.frames
        return decoded


def websockets_reads(data, offer=None, limit=LIMIT, extension=None, side=SERVER):
    """offer: DEFLATE or None; extension: one that has been agreed on."""
    if offer is not None:
        extension = EndingDeflate(False, False, 15, 15)
    peer, reading = Protocol(side, state=OPEN, max_size=limit), Reading()
    peer.extensions = [] if extension is None else [extension]
    peer.receive_data(data)
    message = None
    for number, frame in enumerate(peer.events_received(), 1):
        if offer is not None and number == extension.ended_in:
            reading.comparable = len(reading.found)
        if frame.opcode == CLOSE:
            reading.found.append((CLOSE, (peer.close_rcvd.code, peer.close_rcvd.reason)))
            return reading
        if frame.opcode in (PING, PONG):
            reading.found.append((int(frame.opcode), bytes(frame.data)))
            continue
        if frame.opcode != CONTINUATION:
            message = Message(int(frame.opcode))
        try:
            message.add(frame.data, frame.fin)
        except UnicodeDecodeError as error:
            reading.refused = str(error)
            return reading
        if frame.fin:
            reading.found.append((message.opcode, message.whole()))
    if peer.parser_exc is not None:
        reading.refused = str(peer.parser_exc)
    return reading


class Message:
    """What websockets leaves to its layers above."""

    def __init__(self, opcode):
        self.opcode, self.pieces = opcode, []
        self.decode = getincrementaldecoder("utf-8")().decode if opcode == TEXT else lambda data, final: bytes(data)

    def add(self, data, final):
        self.pieces.append(self.decode(bytes(data), final))

    def whole(self):
        return type(self.pieces[0])().join(self.pieces)


def agree(**settings):
    """(our Deflate, websockets' extension) of a client with these settings of websockets'."""
    factory = ClientPerMessageDeflateFactory(**settings)
    ours = negotiate([b"; ".join([DEFLATE, *(
        name.encode() if value is None else f"{name}={value}".encode() for name, value in factory.get_request_params()
    )])])
    answer = [part.strip().partition("=") for part in ours.answer.decode().split(";")[1:]]
    return ours, factory.process_response_params([(name, value or None) for name, _, value in answer], [])


def websockets_writes(script, extension=None):
    """As a client. script: (opcode, payload, final); a Close's payload is (code, reason)."""
    peer = Protocol(CLIENT, state=OPEN)
    peer.extensions = [] if extension is None else [extension]
    for opcode, payload, final in script:
        data = payload.encode() if isinstance(payload, str) else payload
        if opcode == CLOSE:
            peer.send_close(*payload)
        elif opcode in (PING, PONG):
            (peer.send_ping if opcode == PING else peer.send_pong)(data)
        elif opcode == CONTINUATION:
            peer.send_continuation(data, final)
        else:
            (peer.send_text if opcode == TEXT else peer.send_binary)(data, final)
    return b"".join(peer.data_to_send())


# --- wsproto ---

class SteadyDeflate(WsprotoDeflate):
    """wsproto's takes a control frame within a compressed message for that message's end."""

    def frame_inbound_header(self, proto, opcode, rsv, payload_length):
        before = self._inbound_compressed
        result = super().frame_inbound_header(proto, opcode, rsv, payload_length)
        if opcode.iscontrol():
            self._inbound_compressed = before
        return result

    def frame_inbound_complete(self, proto, fin):
        return super().frame_inbound_complete(proto, fin) if self._inbound_is_compressible else None


def wsproto_reads(data, offer=None, extension=None, client=False):
    if offer is not None:
        extension = SteadyDeflate()
        extension.finalize(DEFLATE.decode())
    peer, reading = FrameProtocol(client, [] if extension is None else [extension]), Reading()
    peer.receive_bytes(data)
    pieces = []
    try:
        for frame in peer.received_frames():
            if frame.opcode == CLOSE:
                code, reason = frame.payload
                reading.found.append((CLOSE, (int(code), reason)))
                break
            if frame.opcode in (PING, PONG):
                reading.found.append((int(frame.opcode), frame.payload))
                continue
            pieces.append(frame.payload)
            if frame.message_finished:
                reading.found.append((int(frame.opcode), type(frame.payload)().join(pieces)))
                pieces = []
    except ParseFailed as error:
        reading.refused = str(error)
    return reading


def wsproto_writes(script, extension=None):
    peer = FrameProtocol(True, [] if extension is None else [extension])
    return b"".join(
        peer.close(*payload) if opcode == CLOSE else peer.ping(payload) if opcode == PING
        else peer.pong(payload) if opcode == PONG else peer.send_data(payload, final)
        for opcode, payload, final in script)


# --- where they need not agree ---

@dataclass(frozen=True)
class Known:
    """Where one reads on and the other one does not, and why that is no fault.

    peers: of which; data: an example; we_refuse: with what reason, or they_refuse: with which, both as expressions;
    controls: whether what the other one reads behind it are control frames alone.
    """

    name: str
    peers: tuple
    why: str
    data: bytes
    we_refuse: str | None = None
    they_refuse: str | None = None
    controls: bool = False


def compare(data, offer=None, peers=("websockets", "wsproto")):
    """Assert that we and they read the same in `data`, but for what is known; returns the names of that.

    More is sent behind it: some refuse a length before they have the mask.
    """
    data += NEXT
    ours, theirs = we_read(data, offer), websockets_reads(data, offer)
    names = {differs("websockets", ours, theirs)}
    if "wsproto" in peers:
        names.add(differs("wsproto", ours, replace(wsproto_reads(data, offer), comparable=theirs.comparable)))
    return names - {None}


def differs(peer, ours, theirs):
    """The name of a known difference, or None."""
    common = min(len(ours.found), len(theirs.found))
    if theirs.comparable is not None:
        common = min(common, theirs.comparable)
    assert ours.found[:common] == theirs.found[:common]
    if theirs.comparable is not None:
        return None
    if len(theirs.found) > common:
        return known(peer, "we_refuse", ours.refused, theirs.found[common:])
    if len(ours.found) > common or (theirs.refused is not None and ours.refused is None):
        return known(peer, "they_refuse", theirs.refused, ours.found[common:])
    return None


def known(peer, who, reason, others):
    assert reason is not None, f"one has not found {others}, and goes on"
    for each in KNOWN:
        expression = getattr(each, who)
        if peer in each.peers and expression is not None and re.fullmatch(expression, reason) and (
            not each.controls or all(opcode in (CLOSE, PING, PONG) for opcode, _ in others)
        ):
            return each.name
    raise AssertionError(f"{who}: {reason}; not so {peer}, which goes on with {others}")


KNOWN = [
    Known(
        "a length that is not written in the shortest way", ("websockets",),
        "RFC 6455, 5.2: the minimal number of bytes MUST be used",
        b"\x81\xfe\x00\x01\0\0\0\0a", we_refuse="a length is not written in the shortest way"),
    Known(
        "a control frame whose length takes more bytes than it has to", ("websockets",),
        "RFC 6455, 5.5: it MUST have a payload length of 125 bytes or less, which takes none",
        b"\x89\xfe\x00\x01\0\0\0\0a", we_refuse="a control frame is longer than 125 bytes"),
    Known(
        "a Close within a message", ("websockets",),
        "RFC 6455, 5.4 and 5.5: control frames may come in the middle of a message, and Close is one",
        b"\x01\x80\0\0\0\0\x88\x80\0\0\0\0", they_refuse="incomplete fragmented message"),
    Known(
        "the code 1014", ("wsproto",),
        "it is registered with IANA, after RFC 6455",
        b"\x88\x82\0\0\0\0\x03\xf6", they_refuse="CLOSE with unknown reserved code"),
    Known(
        "a message that is too large", ("wsproto",),
        "wsproto leaves the limit to who uses it",
        b"\x82\xff" + (LIMIT + 1).to_bytes(8, "big") + bytes(4 + LIMIT + 1),
        we_refuse=rf"a message is larger than {LIMIT} bytes \(websocket_max_message_size\)"),
    Known(
        "half of a surrogate before a control frame", ("websockets", "wsproto"),
        "Python's decoder waits for its third byte; RFC 6455, 8.1, has us fail as soon as it can be told",
        b"\x01\x82\0\0\0\0\xed\xa0\x89\x80\0\0\0\0", we_refuse="a text message is not UTF-8", controls=True),
]
