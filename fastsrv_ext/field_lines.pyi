# What Python code sees of field_lines.pyx: nothing. head.pyx and names.pyx see field_lines.pxd.
