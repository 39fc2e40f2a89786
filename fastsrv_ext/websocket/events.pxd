# What an app says of a WebSocket, judged: the contents of its events (ASGI websocket 2.5). Pure; session.pyx asks.

cdef str KNOWN_AT_FIRST              # the types of events that may come before it is accepted, for a message
cdef str KNOWN_BEHIND                # and behind that

cdef tuple read_accept(dict event)
cdef tuple read_close_event(dict event)
cdef dict read_denial(dict event, str kind)
cdef object unknown(object kind, str known)
