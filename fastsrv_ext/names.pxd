# The names of request fields: which are usual, and which mean something to us.
# Pure; head.pyx and request.pyx look names up here.

cdef enum Kind:
    PLAIN
    HOST
    CONNECTION
    CONTENT_LENGTH
    TRANSFER_ENCODING
    EXPECT
    UPGRADE
    FORWARDING           # set by a proxy, see fastsrv/forwarded.py
    SECRET               # its value tells who the client is: nothing keeps it

cdef bytes field_name(const unsigned char* text, Py_ssize_t size, Kind* kind)
