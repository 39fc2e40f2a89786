# Everything in scope.pyx is for Cython code: see scope.pxd.
