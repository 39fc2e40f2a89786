# Everything in plain_head.pyx is for Cython code: see plain_head.pxd.
