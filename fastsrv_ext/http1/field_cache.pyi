# What Python code sees of field_cache.pyx: nothing. plain_head.pyx and field_names.pyx see field_cache.pxd.
