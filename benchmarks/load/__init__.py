"""Load generators for what wrk cannot do: one file a job, each run as `python -m benchmarks.load.NAME --url URL`.
client.py, and sockets.py with frames.py for WebSocket, are what they share."""
