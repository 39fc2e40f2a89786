# What Python code sees of fields.pyx: nothing; compiled code sees fields.pxd.
