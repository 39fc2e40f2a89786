# Everything in response.pyx is for Cython code: see response.pxd.
