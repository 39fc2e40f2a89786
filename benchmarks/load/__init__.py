"""Load generators for what wrk cannot do: one file a job, each run as `python -m benchmarks.load.NAME --url URL`."""
