"""What an access log may say of a request and its response: gunicorn's atoms, each a function of a call.

Knows no logger: fastsrv/log/access.py tells gunicorn's of these values, fastsrv/log/line.py writes lines of them.
Whatever a client or an app has said is made printable here.
"""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from fastsrv.log.json_object import JSONObject, json_of, scope_of
from fastsrv_ext.asgi.call import Call

Atom = Callable[[Call], str]
UserOf = Callable[[dict[str, str]], "str | None"]  # gunicorn's way from an environ to a user

MISSING = "-"
PART = re.compile(r"%\((?P<atom>[^()]*)\)s|%%|[^%]+")
OF_A_NAME = re.compile(r"\{(.*)\}([ioe])", re.DOTALL)  # {name}i, {name}o, {name}e


def line_of(log_format: str, user_of: UserOf) -> Atom | None:
    """A function of a call that makes what `log_format % atoms` is with gunicorn's atoms.

    None for a format with a conversion that is not of the form %(atom)s.
    """
    template, atoms, end = "", [], 0
    while end < len(log_format):
        part = PART.match(log_format, end)
        if part is None:
            return None
        end = part.end()
        atom = part[0] if part["atom"] is None else atom_of(part["atom"], user_of)
        if isinstance(atom, str):
            template += atom
        else:
            template += "%s"
            atoms.append(atom)
    if template == "%s" and atoms == [json_of]:
        return json_of
    return lambda call: template % tuple([
        atom(call) if atom is json_of else atom(call).replace('"', '\\"') for atom in atoms])


def atom_of(name: str, user_of: UserOf) -> Atom | str:
    """The function that makes the atom of this name; or its text, where that is the same for every call."""
    of_a_name = OF_A_NAME.fullmatch(name.lower())
    if of_a_name is not None:
        return BY_NAME[of_a_name[2]](of_a_name[1])
    if name == "p":
        return f"<{os.getpid()}>"
    if name == "u":
        return user(user_of)
    return ATOMS.get(name, MISSING)


# --- the request ---


def method(call: Call) -> str:
    return call.head.method


def uri(call: Call) -> str:
    return call.head.target.decode("latin-1")


def path(call: Call) -> str:
    return printable(scope_of(call)["path"])


def query(call: Call) -> str:
    text: bytes = scope_of(call)["query_string"]
    return text.decode("latin-1")


def protocol(call: Call) -> str:
    return call.head.protocol


def request_line(call: Call) -> str:
    head = call.head
    return f"{head.method} {head.target.decode('latin-1')} {head.protocol}"


def host(call: Call) -> str:
    """The peer's, a proxy's where there is one. A UNIX socket's has no address."""
    return call.client[0] if call.client else MISSING


def port(call: Call) -> str:
    return str(call.client[1]) if call.client else "0"


def scheme(call: Call) -> str:
    text: str = scope_of(call)["scheme"]
    return text


def field(call: Call, name: bytes) -> str | None:
    """The request's fields of this name, joined as in WSGI's environ. None without, and for an Authorization
    that gunicorn would decode to what is not printable."""
    values = call.head.values(name)
    if not values:
        return None
    text = decoded(b",".join(values))
    return text if name != b"authorization" or names_printable_user(text) else None


def referer(call: Call) -> str:
    text = field(call, b"referer")
    return MISSING if text is None else text


def user_agent(call: Call) -> str:
    text = field(call, b"user-agent")
    return MISSING if text is None else text


def user(user_of: UserOf) -> Atom:
    def atom(call: Call) -> str:
        text = field(call, b"authorization")
        return MISSING if text is None else user_of({"HTTP_AUTHORIZATION": text}) or MISSING

    return atom


# --- the response ---


def status(call: Call) -> str:
    return str(call.status)


def sent(call: Call) -> str:
    return str(call.sent)


# --- the time ---


def now(call: Call) -> str:
    return timestamp(int(time.time()))


def took(call: Call) -> timedelta:
    return timedelta(seconds=call.took)


def seconds(call: Call) -> str:
    return str(took(call).seconds)


def milliseconds(call: Call) -> str:
    time_taken = took(call)
    return str(time_taken.seconds * 1_000 + time_taken.microseconds // 1_000)


def microseconds(call: Call) -> str:
    time_taken = took(call)
    return str(time_taken.seconds * 1_000_000 + time_taken.microseconds)


def decimal_seconds(call: Call) -> str:
    time_taken = took(call)
    return f"{time_taken.seconds}.{time_taken.microseconds:06}"


def first_byte(call: Call) -> str:
    """Decimal seconds to the head of the answer."""
    return f"{call.first_byte:.6f}" if call.first_byte else MISSING


# --- the connection, and what a request goes by ---


def received(call: Call) -> str:
    """Bytes of the request's body, or of a WebSocket's messages."""
    return str(call.received)


def connection_ended(call: Call) -> str:
    return call.connection_ended or MISSING


def request_id(call: Call) -> str:
    return call.request_id or MISSING


def trace_id(call: Call) -> str:
    return call.trace_id or MISSING


# --- by name ---


def environ(call: Call) -> dict[str, Any]:
    """The WSGI names that access log formats may ask for, and ours.

    A field with an underscore in its name has none: it could pose as another one.
    """
    variables: dict[str, Any] = {name: atom(call) for name, atom in ENVIRON.items()}
    for name, value in call.head.headers:
        if b"_" not in name:
            key = variable_of(name.decode("latin-1"))
            variables[key] = f"{variables[key]},{decoded(value)}" if key in variables else decoded(value)
    variables.update({name: atom(call) for name, atom in OURS.items()})
    variables.update({name: number_of(number) for name, number in call.details().items()})
    variables[JSON] = JSONObject(call)
    if not names_printable_user(variables.get("HTTP_AUTHORIZATION", "")):
        del variables["HTTP_AUTHORIZATION"]
    return variables


def variable_of(field_name: str) -> str:
    """WSGI's name for it."""
    name = field_name.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + name


def number_of(number: int | None) -> str:
    return MISSING if number is None else str(number)


def environ_variable(name: str) -> Atom | str:
    """{name}e"""
    if name == JSON:
        return json_of
    if name in OURS:
        return OURS[name]
    if name.startswith(OF_A_WEBSOCKET):
        return lambda call: number_of(call.details().get(name))
    for variable, of_the_request in ENVIRON.items():
        if variable.lower() == name:
            return of_the_request
    field_name = name.removeprefix("http_").replace("_", "-")
    if variable_of(field_name).lower() != name:
        return MISSING
    wanted = token(field_name)

    def atom(call: Call) -> str:
        text = field(call, wanted)
        return MISSING if text is None else text

    return atom


def request_field(name: str) -> Atom:
    """{name}i, the last one of several"""
    wanted = token(name)

    def atom(call: Call) -> str:
        values = call.head.values(wanted)
        return decoded(values[-1]) if values else MISSING

    return atom


def response_field(name: str) -> Atom:
    """{name}o, the last one of several"""
    wanted = token(name)

    def atom(call: Call) -> str:
        for other, value in reversed(call.response_headers):
            if other.lower() == wanted:
                return decoded(value)
        return MISSING

    return atom


def token(name: str) -> bytes:
    """A field's name as bytes. The question mark is in none: one that is not ASCII is found nowhere."""
    return name.encode("ascii", "replace")


# --- text that is safe to log ---


def decoded(value: bytes) -> str:
    return printable(value.decode("latin-1"))


class Shown(dict[int, str]):
    """For str.translate(): each character, or its escape if it would forge a line of the log or drive a terminal
    (CVE-2020-7694). Those that stand for a byte are there from the start: a client may send many."""

    def __missing__(self, number: int) -> str:
        char = chr(number)
        return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


SHOWN = Shown()
SHOWN.update({number: SHOWN[number] for number in range(256)})


def printable(text: str) -> str:
    return text if text.isprintable() else text.translate(SHOWN)


def names_printable_user(authorization: str) -> bool:
    """gunicorn logs the user of basic credentials as it decodes it: in this way."""
    scheme, _, credentials = authorization.partition(" ")
    if not scheme.lower().startswith("basic"):
        return True
    try:
        return base64.b64decode(credentials.encode()).partition(b":")[0].decode().isprintable()
    except ValueError:
        return True  # nor can gunicorn decode it


timestamp = lru_cache(maxsize=1)(lambda second: time.strftime("[%d/%b/%Y:%H:%M:%S %z]", time.localtime(second)))
ENVIRON: dict[str, Atom] = {
    "REQUEST_METHOD": method, "RAW_URI": uri, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_PROTOCOL": protocol,
    "REMOTE_ADDR": host, "REMOTE_PORT": port, "wsgi.url_scheme": scheme,
}
JSON = "json"  # {json}e: the whole line as an object
OURS: dict[str, Atom] = {  # names for {name}e that no field of a request can have: HTTP_ begins theirs
    "first_byte": first_byte, "received": received, "connection_ended": connection_ended, "request_id": request_id,
    "trace_id": trace_id,
}
OF_A_WEBSOCKET = "websocket."  # the beginning of the names of Call.details(), and of no field's
BY_NAME: dict[str, Callable[[str], Atom | str]] = {
    "i": request_field, "o": response_field, "e": environ_variable,
}
ATOMS: dict[str, Atom] = {  # beside u and p; l is always missing
    "h": host, "t": now, "r": request_line, "s": status, "m": method, "U": path, "q": query, "H": protocol, "b": sent,
    "B": sent, "f": referer, "a": user_agent, "T": seconds, "M": milliseconds, "D": microseconds, "L": decimal_seconds,
}
