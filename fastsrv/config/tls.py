"""TLS by gunicorn's settings: the context of a worker, or which setting is wrong.

Speaks no TLS: fastsrv_ext/wire/tls.pyx does. fastsrv/tls/renewal.py calls it, and fastsrv/cli.py to look.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn import sock

from fastsrv.config.gunicorns import is_changed
from fastsrv.config.setting import ConfigError
from fastsrv.tls.groups import take_curves_alone

# What stands in a line of a file in PEM format.
CERTIFICATE = b"CERTIFICATE-----"
KEY = b"PRIVATE KEY-----"
ENCRYPTED = b"ENCRYPTED"
# OpenSSL's reasons, where the key of one pair meets the certificate of another; the last if they are of two kinds.
MISMATCH = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
FILES = ("certfile", "keyfile", "ca_certs")  # settings that name one
USELESS_ALONE = ("ssl_context", "ca_certs", "cert_reqs", "ciphers")  # settings, without a certificate
# Of TLS 1.2, as Mozilla's "intermediate" has it: with forward secrecy, and none whose padding tells (CBC). Those of TLS
# 1.3 are all good.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
PROTOCOLS = ["http/1.1"]  # of ALPN (RFC 7301)


class WithDefaults:
    """gunicorn's `cfg`, whose context has CIPHERS if none are named; and unless a hook changes that, agrees on keys by
    curves alone, and speaks nothing older than TLS 1.2: CPython may leave that to OpenSSL, as Debian's does."""

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg
        self.ciphers = cfg.ciphers or CIPHERS

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cfg, name)

    def ssl_context(self, _: Any, default_ssl_context_factory: Callable[[], ssl.SSLContext]) -> Any:
        def make() -> ssl.SSLContext:
            if self.cfg.certfile:
                # The factory has OpenSSL ask for the password of an encrypted key, if there is a terminal: each worker.
                probe = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                probe.load_cert_chain(self.cfg.certfile, self.cfg.keyfile, password="")
            context = default_ssl_context_factory()
            context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
            take_curves_alone(context)
            return context

        return self.cfg.ssl_context(self.cfg, make)


def tls_context(cfg: Any) -> ssl.SSLContext | None:
    """The context that gunicorn's `cfg` asks for, made by its ssl_context hook; None without TLS. Raises ConfigError,
    and whatever a hook of the user's raises for reasons of its own."""
    if not cfg.is_ssl:
        check_plain_text(cfg)
        return None
    check_files(cfg)
    with_defaults: Any = WithDefaults(cfg)
    try:
        context: Any = sock.ssl_context(with_defaults)
    except (OSError, TypeError, ValueError) as error:  # an ssl.SSLError is an OSError
        fault = fault_of(cfg, error)
        if fault is None and not isinstance(error, OSError):
            raise
        raise ConfigError(f"TLS cannot be used: {fault or error}") from error
    if not isinstance(context, ssl.SSLContext):
        raise ConfigError(f"ssl_context must return an ssl.SSLContext, not {context!r}")
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    except (ValueError, ssl.SSLError) as error:
        raise ConfigError(
            "ssl_context must return a server's context, made by default_ssl_context_factory() or "
            f"ssl.create_default_context(ssl.Purpose.CLIENT_AUTH): {error}") from error
    # A client of TLS 1.2 may ask for one handshake after another, each the dearest thing there is; an older OpenSSL
    # makes them. Nothing of Python's needs it, so it is switched off in a hook's context, too.
    context.options |= ssl.OP_NO_RENEGOTIATION
    # A hook that offers h2 would have it chosen by browsers, whose requests nobody here understands.
    context.set_alpn_protocols(PROTOCOLS)
    return context


def check_plain_text(cfg: Any) -> None:
    """Raise ConfigError if TLS is meant: gunicorn serves plain text without a word."""
    for name in USELESS_ALONE:
        if is_changed(cfg, name):
            raise ConfigError(
                f"{name} is set without certfile, so that plain text would be served: name the file of the certificate "
                f"by certfile, or do without {name}")


def check_files(cfg: Any) -> None:
    """Raise ConfigError for a pipe, a shell's <(...) for one: who reads it second would wait for ever."""
    for name in FILES:
        if (path := getattr(cfg, name)) and os.path.exists(path) and not os.path.isfile(path):
            raise ConfigError(
                f"TLS cannot be used: {name} = {path!r} is not a regular file; name one, as each worker reads it, and "
                "reads it again when it has changed")


def fault_of(cfg: Any, error: Exception) -> str | None:
    """Which setting led to `error`, and what to do; None if that is not known. OpenSSL says neither which file it was
    nor, mostly, why."""
    if not cfg.certfile:
        return "keyfile is set without certfile: name the file of the certificate that the key belongs to"
    texts = {}
    for name in FILES:
        if path := getattr(cfg, name):
            try:
                texts[name] = Path(path).read_bytes()
            except OSError as failure:
                return f"{name} = {path!r} cannot be read: {failure.strerror}"
    for name in ("certfile", "ca_certs"):
        if name in texts and CERTIFICATE not in texts[name]:
            return f"{name} = {getattr(cfg, name)!r} holds no certificate in PEM format"
    holder = "keyfile" if "keyfile" in texts else "certfile"
    where = f"{holder} = {getattr(cfg, holder)!r}"
    if KEY not in texts[holder]:
        return f"{where} holds no private key in PEM format" + ("; name its file by keyfile" * (holder == "certfile"))
    if ENCRYPTED in texts[holder]:
        return (f"{where} holds an encrypted key: decrypt it (openssl pkey -in ... -out ...), "
                "or load it with its password in the ssl_context hook")
    if getattr(error, "reason", None) in MISMATCH:
        return f"the key of {where} does not belong to the certificate of certfile = {cfg.certfile!r}"
    if cfg.cert_reqs not in iter(ssl.VerifyMode):
        return f"cert_reqs must be one of {', '.join(f'{mode.value} ({mode.name})' for mode in ssl.VerifyMode)}"
    if "cipher" in str(error):
        return f"ciphers = {cfg.ciphers!r} names none that OpenSSL knows"
    if isinstance(error, ssl.SSLError):
        return f"{' or '.join(f'{name} = {getattr(cfg, name)!r}' for name in texts)} is damaged ({error})"
    return None
