# Everything in rules.pyx is for Cython code: see rules.pxd.
