# Everything in uri.pyx is for Cython code: see uri.pxd.
