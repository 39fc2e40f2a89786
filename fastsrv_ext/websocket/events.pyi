# What Python code sees of events.pyx: nothing; compiled code sees events.pxd.
