"""HTTP/1.1 and HTTP/1.0 on a connection (RFC 9112)."""
