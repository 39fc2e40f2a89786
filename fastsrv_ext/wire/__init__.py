"""Bytes to and from a peer, with or without TLS. Knows no HTTP."""
