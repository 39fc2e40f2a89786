# Everything in chunked.pyx is for Cython code: see chunked.pxd.
