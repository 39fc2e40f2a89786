"""A parsed request head -> an ASGI scope (ASGI 3.0, "HTTP connection scope").

Pure: no connection, no app. Called by pipeline.pyx just before the app is started.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.string cimport memchr

from fastsrv_ext.http.octets cimport hexadecimal


cdef dict make_scope(Context context, RequestHead head, tuple client, tuple server):
    """A scope of the request's own, which middleware may change: nothing mutable in it is shared."""
    cdef dict scope = PyDict_Copy(context.scope.template)
    scope["asgi"] = PyDict_Copy(context.scope.asgi)
    scope["path"] = decode_path(head.raw_path)
    scope["raw_path"] = head.raw_path
    scope["headers"] = head.headers
    # What is as it is with most requests stands in the template.
    if head.method != "GET":
        scope["method"] = head.method
    if head.is_http_10:
        scope["http_version"] = "1.0"
    if PyBytes_GET_SIZE(head.query) != 0:
        scope["query_string"] = head.query
    if client is not None:
        scope["client"] = client
    if server is not context.server:
        scope["server"] = server
    scope["state"] = context.scope.state.copy() if context.scope.state else {}
    return scope


cdef int complete_path(CommonScope common, dict scope) except -1:
    """`path` has `root_path` in it (ASGI, "HTTP connection scope"): put it there where the proxy in front has taken it
    off. By whole segments: "/apiary" is not below "/api"."""
    cdef str path = scope["path"]
    cdef str root_path = scope["root_path"]
    if not root_path or common.add_root_path == "never" or not path.startswith("/"):  # "*", of OPTIONS, is no path
        return 0
    if common.add_root_path == "always" or not (path + "/").startswith(root_path + "/"):
        scope["path"] = root_path + path
    return 0


cdef str decode_path(bytes raw_path):
    """Percent-decoded, then read as UTF-8; what is no UTF-8 becomes U+FFFD."""
    cdef Py_ssize_t length = PyBytes_GET_SIZE(raw_path)
    cdef const char* text = PyBytes_AS_STRING(raw_path)
    if memchr(text, c'%', length) is NULL:
        return PyUnicode_DecodeASCII(text, length, NULL)  # the parser lets nothing else pass

    cdef bytes decoded = PyBytes_FromStringAndSize(NULL, length)
    cdef char* out = PyBytes_AS_STRING(decoded)
    cdef Py_ssize_t i = 0, written = 0
    cdef int high, low
    while i < length:
        if text[i] == c'%' and i + 2 < length:
            high = hexadecimal(text[i + 1])
            low = hexadecimal(text[i + 2])
            if high >= 0 and low >= 0:
                out[written] = <char>(high << 4 | low)
                written += 1
                i += 3
                continue
        out[written] = text[i]
        written += 1
        i += 1
    return PyUnicode_DecodeUTF8(out, written, "replace")
