# What Python code sees of lines.pyx: nothing. head.pyx and names.pyx see lines.pxd.
