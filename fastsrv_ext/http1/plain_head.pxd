# A request head of the plain, strict form, scanned in one go. Everything else is the parser's.
# Pure: knows no connection. reader.pyx asks it first, at the beginning of a message.

from fastsrv_ext.context cimport Limits
from fastsrv_ext.http.request cimport RequestHead

cdef Py_ssize_t scan_head(const unsigned char* text, Py_ssize_t size, RequestHead head, Limits limits) except -1
