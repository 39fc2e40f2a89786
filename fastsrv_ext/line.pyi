# Everything in line.pyx is for Cython code: see line.pxd.
