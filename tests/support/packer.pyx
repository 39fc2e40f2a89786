"""What a Deflate compresses: only compiled code may ask one to."""

from fastsrv_ext.websocket.deflate cimport Deflate


def compress(Deflate deflate not None, bytes message not None):
    """A whole message, as it is to leave."""
    return deflate.compress(message)
