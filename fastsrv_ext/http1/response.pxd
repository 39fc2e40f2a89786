# Status line, header fields and framing of a response -> bytes. Pure: knows no connection.
# cycle.pyx decides which framing; pipeline.pyx answers by itself what is no request.

cdef bytes status_line(int status)
cdef bytes render_head(int status, bytes defaults, list fields, Py_ssize_t size, bytes framing, bytes end, bytes body)
cdef bytes join(bytes first, bytes second, bytes third)
cdef bytes with_upgrade(bytes end)
cdef bytes length_line(Py_ssize_t size)
cdef bytes chunk_size_line(Py_ssize_t size)
cdef bytes error_body(str reason)
cdef bytes error_answer(int status, bytes body, bytes default_fields, bint bodiless)
cdef list fields_of(bytes answer)
