"""hypothesis strategies: what a peer may send on one connection, from wholly good to quite broken.

A request is made of slots. Those in `faults` are filled from WRONG (often broken, sometimes merely odd), all others as
they should be: a request without faults must be served, and says itself what is to be seen of it.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PROPFIND", b"M-SEARCH"]
TARGETS = [
    b"/", b"/a?b=c", b"/?", b"/a%20b", b"//x/", b"/?%zz%", b"/a;b=c,d/..?e=?f", b"http://example.org/x?y",
    b"HTTPS://other.example:8443", b"http://[2001:db8::1]?z",
]
NAMES = [
    b"Accept", b"Cookie", b"User-Agent", b"X-Forwarded-For", b"Accept-Language", b"X!#$%&'*+.^`|~9", b"TE", b"Range",
    b"If-None-Match", b"Keep-Alive", b"Trailer",
]
VALUES = [b"a", b"", b"a b\tc", b"\xe9\xff\x80", b'"q, \\"', b"chunked", b"close", b"GET / HTTP/1.1", b"5", b"x" * 300]
BODIES = [
    b"", b"a", b"hello\r\n", b"\n", b"0\r\n\r\n", b"\x00\xff", b"GET /stolen HTTP/1.1\r\nHost: a\r\n\r\n", b"x" * 40,
]
OPTIONS = [
    *[b""] * 8, b"keep-alive", b"Keep-Alive", b"keep-alive", b"close", b"upgrade", b"upgrade", b"close, x",
    b"x,\tclose", b"X-A , te", b"keep-alive, close",
]

WRONG = {
    "before": [b"\n", b"\r", b" ", b"\t", b"\x00", b"\xef\xbb\xbf", b"\r\n ", b"\n\r", b"a"],
    "method": [
        b"get", b"GETT", b"FROB", b"", b"PRI", b"CONNECT", b"G\x00T", b"G(T", b"SETUP", b"DESCRIBE", b"GET\t",
        b"SOURCE",
    ],
    "space": [b"", b"  ", b"\t", b"\x0b", b" \t ", b"\r\n"],
    "target": [
        b"*", b"", b"x", b"/a b", b"/#f", b"/\x7f", b"/\xe9", b"/\x00", b"/\t", b"http://", b"http:///a", b"ftp://a/",
        b"http://u@a/", b"a:80", b"http:/a", b"/" + b"a" * 5000, b"http://a#b", b"?a", b"http://a:b/", b"/\\^\"<>`{|}",
        b"/%zz", b"/%", b"/%00", b"http://a,b/", b"http://a:65536/",
    ],
    "space behind the target": [b"", b"  ", b"\t", b" \r\n"],
    "version": [
        b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1.10", b"HTTP/11", b"RTSP/1.1", b"",
        b"ICE/1.0", b"HTTP/1,1", b"HTTP /1.1", b"RTSP/1.0", b"HTTP/1.\xb1",
    ],
    "end of the request line": [b"\n", b"\r", b"\r\r\n", b" \r\n", b"\r\n ", b"\r\n\r\n", b""],
    "Host": [
        b"", b"Host: a\r\nHost: a\r\n", b"Host: a/b\r\n", b"Host: a@b\r\n", b"Host: a, b\r\n", b"Host : a\r\n",
        b"Host: \xe9\r\n", b"Host: a:b\r\n", b"Host: a b\r\n", b"Host\r\n", b"Host: a\n", b"Host: [::1\r\n",
        b" Host: a\r\n", b"Host: a,b\r\n", b"Host: a:99999\r\n", b"Host: [x]\r\n", b"Host: %61\r\n",
    ],
    "name": [
        b"", b"A B", b"A\xe9", b"A\x00", b"A(", b" A", b"A ", b"\tA", b"A:", b"A_B", b"Content_Length",
        b"Proxy-Connection", b"Content-Type: a\r\nContent-Type", b"Authorization: a\r\nAuthorization",
    ],
    "colon": [b"", b" : ", b"\t:", b"::", b"\r\n: ", b":\r\n ", b":\x0b", b":\n "],
    "value": [
        b"\x00", b"a\x01b", b"a\x7fb", b"a\rb", b"a\nb", b"a\r\n b", b"a\r\n\tb", b"\x0b", b"\x0c", b"\x1f", b"a\r",
        b"x" * 9000,
    ],
    "end of a field": [b"\n", b"\r", b"", b"\r\r\n", b" \n", b"\r\n\r\n", b"\n\r"],
    "Connection": [
        b"keep-alive, close", b"close;a", b"clos", b'"close"', b"close x", b",", b"close,,", b"\x80,close", b"closex",
        b"keep-alive\r\nConnection: close", b"close\r\nConnection: keep-alive", b"close\t", b"\x01",
    ],
    "Expect": [b"x", b"100-continue, x", b"100 continue", b"", b"x\r\nExpect: 100-continue"],
    "framing": [
        b"Content-Length: +%d", b"Content-Length: -%d", b"Content-Length: 0x%x", b"Content-Length: %d, %d",
        b"Content-Length: %d,%d", b"Content-Length: %d %d", b"Content-Length: %d\r\nContent-Length: %d",
        b"Content-Length: %d\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: %d",
        b"Content-Length:", b"Content-Length: %d.0", b"Content-Length: 1e1", b"Content-Length: \xb2",
        b"Content-Length: %d_0", b"Content-Length: 99999999999999999999", b"Content-Length: 9999999999999999999",
        b"Content-Length: 0000000000000000000000%d", b"Content-Length : %d", b"Content-Length\t: %d",
        b"Content-Length: %d\x00", b"Content-Length: \x0b%d", b"Content-Length: %d\r\nContent-Length: 7",
        b"Content-Length: 3", b"Content_Length: %d", b"Content-Length: %d;a", b"Content-Length: %d\r\n %d",
        b"Content-Length: \r\n %d", b'Content-Length: "%d"', b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity",
        b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx", b"Transfer-Encoding:",
        b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunked;a=b", b"Transfer-Encoding: ,chunked",
        b"Transfer-Encoding: chunked,", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked\x0c",
        b"Transfer-Encoding : chunked", b"Transfer-Encoding\x00: chunked", b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", b"Transfer_Encoding: chunked",
        b"Transfer-Encoding: chunked\t", b"X: y\nTransfer-Encoding: chunked", b"X: y\rTransfer-Encoding: chunked",
        b"Transfer-Encoding: chu nked", b"Transfer-Encoding: identity\r\nContent-Length: %d",
        b"Transfer-Encoding: chunked\n",
    ],
    "end of the head": [b"\n", b"\r", b"", b" \r\n", b"\r\r\n", b"\t\r\n"],
    "chunk size": [
        b"", b"x", b"+%x", b"-%x", b"0x%x", b" %x", b"%x ", b"%x\t", b"%x_", b"FFFFFFFFFFFFFFFFF", b"FFFFFFFFFFFFFFFF",
        b"1%x", b"00000000000000000000000000000%x", b"%x\x00", b"\t%x", b"%x\x0b", b"%x.0", b"7FFFFFFFFFFFFFFF",
        b"\n%x",
    ],
    "chunk extension": [
        b";", b";;", b" ;a", b"; a", b";a = b", b";a\nb", b";a\rb", b';a="b\r\nc"', b';a="b', b';a="b\\\r\n"', b";\x00",
        b";a\x01", b";" + b"a" * 40_000, b";=", b";\xe9", b"a",
    ],
    "end of a chunk size": [b"\n", b"\r", b"", b"\r\r\n", b"\n\r", b" \r\n"],
    "end of a chunk": [b"\n", b"\r", b"", b"a\r\n", b"\r\r\n", b"\r\n\r\n"],
    "last chunk": [b"", b"0", b"0\r\n", b"0\n", b"0\r", b"00x\r\n", b"-0\r\n", b"0 \r\n", b"0" * 25 + b"\r\n"],
    "trailers": [
        b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"X: a\n", b"X: a\r\n b\r\n",
        b" X: a\r\n", b"X\r\n", b"X : a\r\n", b": a\r\n", b"X: a\rb\r\n", b"X: \x00\r\n", b"X: y\r\n" * 200,
        b"Connection: close\r\n", b"X-Forwarded-For: 192.0.2.1\r\n", b"Expect: 100-continue\r\n",
    ],
    "end of the body": [b"\n", b"\r", b"", b"\r\r\n", b"\r\n\r\n", b"a"],
    "body": [b"more", b"\r\n", b"\n", b"less"],
}
SLOTS = sorted(WRONG) + 6 * ["framing"] + 2 * ["chunk size", "chunk extension", "trailers", "value"]  # most at stake


@dataclass(frozen=True)
class Request:
    """data: what a peer sends; then what the app must see of it if it has no faults. last: nothing follows."""

    data: bytes
    method: bytes
    target: bytes
    version: bytes
    fields: tuple
    body: bytes
    last: bool


@st.composite
def requests(draw, faults):
    def pick(slot, *right):
        return draw(st.sampled_from(WRONG[slot] if slot in faults else right))

    before = pick("before", b"", b"", b"", b"\r\n")
    method = pick("method", *METHODS)
    target = pick("target", *TARGETS, *[b"*"] * (method == b"OPTIONS"))
    version = pick("version", *[b"HTTP/1.1"] * 7, b"HTTP/1.0")
    is_http_10 = version == b"HTTP/1.0"
    line = method + pick("space", b" ") + target + pick("space behind the target", b" ") + version + pick(
        "end of the request line", b"\r\n")
    lines, fields = [], []

    def add(name, value, colon=b": ", end=b"\r\n"):
        lines.append(name + colon + value + end)
        fields.append((name.lower(), value.strip(b" \t")))

    if "Host" in faults:
        lines.append(pick("Host"))
        fields.append((b"", b""))
    elif not is_http_10 or draw(st.booleans()):
        add(draw(st.sampled_from([b"Host", b"host", b"HOST"])), draw(st.sampled_from(
            [b"example.org", b"a:80", b"[::1]:8000", b"", b"192.0.2.1"])))
    for _ in range(draw(st.integers(1 if {"name", "colon", "value", "end of a field"} & faults else 0, 3))):
        add(pick("name", *NAMES), pick("value", *VALUES), pick("colon", b": ", b":", b":\t ", b": "),
            pick("end of a field", b"\r\n", b"\r\n", b" \r\n", b"\t \r\n"))
    option = pick("Connection", *OPTIONS)
    if option or "Connection" in faults:
        add(b"Connection", option)
        if b"upgrade" in option or draw(st.integers(0, 5)) == 0:
            add(b"Upgrade", draw(st.sampled_from([b"h2c", b"websocket", b"a/1, b"])))
    if "Expect" in faults or draw(st.integers(0, 9)) == 0:
        add(b"Expect", pick("Expect", b"100-continue", b"100-Continue"))

    body, framed = draw(bodies(faults, is_http_10, add))
    order = draw(st.permutations(range(len(lines)))) if draw(st.booleans()) else range(len(lines))
    options = {each.strip().lower() for name, value in fields if name == b"connection" for each in value.split(b",")}
    return Request(
        before + line + b"".join(lines[index] for index in order) + pick("end of the head", b"\r\n") + framed,
        method, target, version, tuple(fields[index] for index in order), body,
        b"close" in options or (is_http_10 and b"keep-alive" not in options))


@st.composite
def bodies(draw, faults, is_http_10, add):
    """(the body, as it is framed); the fields that frame it are added."""
    def pick(slot, *right):
        return draw(st.sampled_from(WRONG[slot] if slot in faults else right))

    if "framing" in faults:
        body = draw(st.sampled_from(BODIES))
        field = draw(st.sampled_from(WRONG["framing"]))
        name, _, value = field.partition(b":")
        count = value.count(b"%d") + value.count(b"%x")
        add(name, value % ((len(body),) * count), b":")
        return body, draw(st.sampled_from([body, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), b"0\r\n\r\n" + body]))
    kind = draw(st.sampled_from(["none", "length", "chunks"]))
    if {slot for slot in faults if "chunk" in slot or slot in ("trailers", "end of the body")}:
        kind = "chunks"
    elif "body" in faults:
        kind = "length"
    if kind == "none" or (kind == "chunks" and is_http_10):
        return b"", b""
    if kind == "length":
        body = draw(st.sampled_from(BODIES))
        add(draw(st.sampled_from([b"Content-Length", b"content-length"])), b"%s%d" % (draw(
            st.sampled_from([b"", b"", b"00"])), len(body)))
        extra = pick("body", b"")
        return body, body[:-1] if extra == b"less" else body + extra
    add(b"Transfer-Encoding", draw(st.sampled_from([b"chunked", b"Chunked"])))
    body, framed = b"", b""
    for _ in range(draw(st.integers(1, 3))):
        data = draw(st.sampled_from(BODIES[1:]))
        size = pick("chunk size", b"%x", b"%X", b"0%x")
        if b"%" in size:
            size = size % len(data)
        extension = pick("chunk extension", b"", b"", b";a", b';a="b\\" c";d=e')
        framed += size + extension + pick("end of a chunk size", b"\r\n") + data + pick("end of a chunk", b"\r\n")
        body += data
    framed += pick("last chunk", b"0\r\n", b"000\r\n", b"0;a=b\r\n")
    framed += pick("trailers", b"", b"", b"X-A: b\r\n", b"X-A: b \r\nX-C:\r\n") + pick("end of the body", b"\r\n")
    return body, framed


faults = st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(SLOTS), min_size=1, max_size=2))
good_connections = st.lists(requests(frozenset()), min_size=1, max_size=4)
connections = st.lists(faults.flatmap(requests), min_size=1, max_size=4)


@st.composite
def mutated(draw):
    """A connection of good requests, changed at a place or two as a broken peer or proxy, or an attacker, might do."""
    data = b"".join(request.data for request in draw(good_connections))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        lines = data.splitlines(keepends=True)
        index = draw(st.integers(0, max(0, len(lines) - 1)))
        change = draw(st.sampled_from([
            "flip", "replace", "insert", "delete", "double", "drop line", "double line", "move line"]))
        if change == "flip":
            data = data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1:]
        elif change == "replace":
            data = data[:at] + draw(odd_bytes) + data[at + 1:]
        elif change == "insert":
            data = data[:at] + draw(odd_bytes) + data[at:]
        elif change == "delete":
            data = data[:at] + data[at + draw(st.integers(1, 3)):]
        elif change == "double":
            data = data[:at + 1] + data[at:]
        else:
            line = lines.pop(index) if change != "double line" else lines[index]
            if change != "drop line":
                lines.insert(draw(st.integers(0, len(lines))), line)
            data = b"".join(lines)
        if not data:
            break
    return data


odd_bytes = st.one_of(
    st.sampled_from([
        b"\r", b"\n", b"\r\n", b" ", b"\t", b"\x00", b":", b",", b";", b"0", b"\xff", b"\x0b", b"\r\n ", b"\x7f"]),
    st.binary(min_size=1, max_size=2))
