# Everything in request_line.pyx is for Cython code: see request_line.pxd.
