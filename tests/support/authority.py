"""Certificates as an authority of the tests' own issues them, made anew in each process that asks."""

import ssl
from functools import cache
from types import SimpleNamespace

import trustme


@cache
def authority(name="tests"):
    """The same one for the same name; its child: child_of()."""
    return trustme.CA(organization_name=f"authority of {name}")


@cache
def child_of(parent):
    return parent.create_child_ca()


def certificate(*names, of=None, **more):
    """A new one: SimpleNamespace(pem, chain, key, both: PEM as text, `chain` being what its owner sends, `pem` the
    first of that). names: hosts; of: an authority; more: for CA.issue_cert()."""
    made = (of or authority()).issue_cert(*(names or ("localhost",)), **more)
    chain = [text(blob) for blob in made.cert_chain_pems]
    key = text(made.private_key_pem)
    return SimpleNamespace(pem=chain[0], chain=chain, key=key, both=key + "".join(chain))


def text(blob):
    return blob.bytes().decode()


def loaded(context, made, folder):
    """`context` with a certificate of certificate()."""
    path = folder / f"{abs(hash(made.pem))}.pem"
    path.write_text(made.both)
    context.load_cert_chain(path)
    return context


def server_context(made, folder):
    return loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), made, folder)


def client_context(made=None, folder=None, of=None, **attributes):
    """Of a client that trusts the authority, and may have a certificate of its own."""
    context = ssl.create_default_context(cadata=text((of or authority()).cert_pem))
    for name, value in attributes.items():
        setattr(context, name, value)
    return context if made is None else loaded(context, made, folder)
