"""fastsrv/config/tls.py: which of the TLS settings is wrong. Built on gunicorn's own Config and on real files."""

import os
import ssl

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.setting import ConfigError
from fastsrv.config.tls import tls_context
from tests.support.tls import CERTIFICATE

KEY, BEGIN, REST = CERTIFICATE.read_text().partition("-----BEGIN CERTIFICATE-----")
OTHER_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWqWZrTZbV/ws2F8F
j26xnSl+mI3/Tdm/KErRpQcTAPOhRANCAATvkDbu0zKIA19PzWQq1sXp893Ux8eD
TRALRyzWcybR4KMRWaIHC8VonKOkxJUw+ET6lXniSykILlI8zPjHjF4B
-----END PRIVATE KEY-----
"""
FILES = {
    "both": KEY + BEGIN + REST, "key": KEY, "certificate": BEGIN + REST, "other key": OTHER_KEY, "text": "hello",
    "encrypted": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "damaged": BEGIN + REST.replace("M", "m", 1),
}


@pytest.fixture
def context(tmp_path, monkeypatch):
    """context(**gunicorn's settings) -> the context, in a folder with FILES."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    os.mkfifo(tmp_path / "pipe")

    def make(**settings):
        cfg = GunicornConfig()
        for name, value in settings.items():
            cfg.set(name, value)
        return tls_context(cfg)

    return make


@pytest.mark.parametrize("files", [{"certfile": "both"}, {"certfile": "certificate", "keyfile": "key"}])
def test_files_that_belong_together_make_a_context_without_renegotiation(context, files):
    assert context(**files).options & ssl.OP_NO_RENEGOTIATION
    assert context() is None


def test_context_is_as_the_settings_say(context):
    made = context(certfile="both", ca_certs="certificate", cert_reqs=2, ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    assert made.verify_mode == ssl.CERT_REQUIRED
    assert made.cert_store_stats()["x509"] == 1
    assert [each["name"] for each in made.get_ciphers() if each["protocol"] == "TLSv1.2"] == [
        "ECDHE-RSA-AES128-GCM-SHA256"]


@pytest.mark.parametrize(("settings", "message"), [
    ({"keyfile": "key"}, "keyfile is set without certfile: name the file of the certificate"),
    ({"certfile": "certificate"},
     "certfile = 'certificate' holds no private key in PEM format; name its file by keyfile"),
    ({"certfile": "none"}, "certfile = 'none' cannot be read: No such file or directory"),
    ({"certfile": "certificate", "keyfile": "none"}, "keyfile = 'none' cannot be read: No such file or directory"),
    ({"certfile": ".", "keyfile": "key"}, "certfile = '.' is not a regular file; name one"),
    ({"certfile": "certificate", "keyfile": "pipe"}, "keyfile = 'pipe' is not a regular file; name one"),
    ({"certfile": "text", "keyfile": "key"}, "certfile = 'text' holds no certificate in PEM format"),
    ({"certfile": "key", "keyfile": "certificate"}, "certfile = 'key' holds no certificate in PEM format"),
    ({"certfile": "certificate", "keyfile": "text"}, "keyfile = 'text' holds no private key in PEM format"),
    ({"certfile": "certificate", "keyfile": "encrypted"}, "keyfile = 'encrypted' holds an encrypted key: decrypt it"),
    ({"certfile": "certificate", "keyfile": "other key"},
     "the key of keyfile = 'other key' does not belong to the certificate of certfile = 'certificate'"),
    ({"certfile": "damaged", "keyfile": "key"}, "certfile = 'damaged' or keyfile = 'key' is damaged (["),
    ({"certfile": "both", "ca_certs": "none"}, "ca_certs = 'none' cannot be read: No such file or directory"),
    ({"certfile": "both", "ca_certs": "text"}, "ca_certs = 'text' holds no certificate in PEM format"),
    ({"certfile": "both", "ciphers": "ROT13"}, "ciphers = 'ROT13' names none that OpenSSL knows"),
    ({"certfile": "both", "cert_reqs": 7}, "cert_reqs must be one of 0 (CERT_NONE), 1 (CERT_OPTIONAL), 2 (CERT_REQ"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_setting_that_is_wrong_is_named_with_what_to_do(context, settings, message):
    with pytest.raises(ConfigError) as error:
        context(**settings)
    assert str(error.value).startswith(f"TLS cannot be used: {message}")


@pytest.mark.parametrize(("name", "value"), [
    ("ssl_context", lambda cfg, default: default()), ("ca_certs", "certificate"), ("cert_reqs", ssl.CERT_REQUIRED),
    ("ciphers", "ECDHE+AESGCM"),
])
def test_plain_text_is_not_what_is_served_where_tls_was_meant(context, name, value):
    with pytest.raises(ConfigError, match=rf"^{name} is set without certfile, so that plain text would be served: "):
        context(**{name: value})


SOUND = {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
         "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"}


@pytest.mark.parametrize("hook", [None, lambda cfg, default: default()], ids=["no hook", "hook"])
def test_suites_of_tls_1_2_have_forward_secrecy_and_no_padding_that_tells(context, hook):
    made = context(certfile="both", **({"ssl_context": hook} if hook else {}))
    assert {cipher["name"] for cipher in made.get_ciphers() if not cipher["name"].startswith("TLS_")} == SOUND
    assert made.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_suites_are_those_that_are_named_or_of_the_hook(context):
    def hook(cfg, default):
        made = default()
        made.set_ciphers("ECDHE-RSA-AES128-SHA256")
        return made

    named = context(certfile="both", ciphers="ECDHE-RSA-AES256-SHA384")
    assert "ECDHE-RSA-AES256-SHA384" in {cipher["name"] for cipher in named.get_ciphers()}
    of_hook = context(certfile="both", ssl_context=hook)
    assert "ECDHE-RSA-AES128-SHA256" in {cipher["name"] for cipher in of_hook.get_ciphers()}


def test_hook_that_returns_no_context_is_told_what_it_must(context):
    with pytest.raises(ConfigError, match=r"^ssl_context must return an ssl.SSLContext, not None$"):
        context(certfile="both", ssl_context=lambda cfg, default: None)


def test_error_of_a_hooks_own_is_left_as_it_is(context):
    def hook(cfg, default_ssl_context_factory):
        raise ValueError("of its own")

    with pytest.raises(ValueError, match=r"^of its own$") as error:
        context(certfile="both", ssl_context=hook)
    assert error.type is ValueError


def test_hook_may_do_without_certfile(context):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert context(keyfile="key", ssl_context=lambda cfg, default: made) is made
