# Field lines that have come before: equal bytes are an equal field, read once.
# Pure; plain_head.pyx asks here before it reads a line.

cdef tuple recall(const unsigned char* line, Py_ssize_t size, int* kind)
cdef int remember(const unsigned char* line, Py_ssize_t size, tuple field, int kind) except -1
