# Everything in chunks.pyx is for Cython code: see chunks.pxd.
