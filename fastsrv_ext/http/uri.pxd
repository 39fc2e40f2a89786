# What of a URI could be taken for something else. Pure: knows no request.

cdef bint is_path(bytes path) noexcept
cdef bint is_host(bytes host) noexcept
cdef bint is_escape(const unsigned char* text, Py_ssize_t size) noexcept
