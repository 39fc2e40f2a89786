"""What a worker is told: gunicorn's settings and fastsrv's own, and where each of them goes."""
