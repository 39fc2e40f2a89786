"""The benchmark suite: fastsrv beside other servers, `python -m benchmarks`. Nothing here is installed with fastsrv.

Servers import `benchmarks.apps`, so this file imports nothing.
"""
