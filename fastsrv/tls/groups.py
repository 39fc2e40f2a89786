"""The groups of a key exchange (RFC 8446, 4.2.7) that the contexts which we make agree to: elliptic curves.

fastsrv/config/tls.py asks. OpenSSL also agrees to finite fields, if that is all that a client offers (RFC 7919): before
3.5 of up to 8192 bits, a handshake that keeps the loop for 0.2 seconds, and costs the client a packet that it has
recorded (CVE-2002-20001).
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
from contextlib import suppress

CURVES = "X25519:P-256:X448:P-384:P-521"
HYBRID = "X25519MLKEM768"  # X25519 with what a quantum computer cannot break
WITH_HYBRID = (3, 5)  # OpenSSL's version
SET_GROUPS_LIST = 92  # SSL_CTRL_SET_GROUPS_LIST of OpenSSL's ssl.h


def take_curves_alone(context: ssl.SSLContext) -> None:
    """An OpenSSL that lacks one of them, as where FIPS 140 is obeyed, goes on with its own list."""
    with suppress(ValueError, ssl.SSLError):
        set_groups(context, CURVES if ssl.OPENSSL_VERSION_INFO[:2] < WITH_HYBRID else f"{HYBRID}:{CURVES}")


def set_groups(context: ssl.SSLContext, names: str) -> None:
    """names: OpenSSL's, with colons between them. Does nothing where OpenSSL's functions cannot be found: CPython has
    them within itself then, and hides them."""
    if hasattr(context, "set_groups"):  # CPython 3.15
        context.set_groups(names)
        return
    try:
        control = ctypes.CDLL(_ssl.__file__).SSL_CTX_ctrl
    except AttributeError:
        return
    control.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p)
    control.restype = ctypes.c_long
    # Behind the head of an object, a context has the pointer to OpenSSL's first: so do CPython 3.10 to 3.14.
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    if not control(pointer, SET_GROUPS_LIST, 0, names.encode()):
        raise ValueError(f"OpenSSL does not know all of the groups {names}")
