# The request line of a head that is the parser's, read strictly before the parser gets it.
# Pure: knows no connection. reader.pyx asks it at the beginning of a message that is no plain one.

from fastsrv_ext.context cimport Limits
from fastsrv_ext.http.request cimport RequestHead

cdef Py_ssize_t read_line(
    const unsigned char* text, Py_ssize_t size, Py_ssize_t known, RequestHead head, Limits limits) except -1
cdef int fill_in(RequestHead head, bytes line) except -1
cdef bytes stand_in(RequestHead head, Limits limits)
