# Everything in head.pyx is for Cython code: see head.pxd.
