"""Health, metrics and status, without entering the app: an address of its own, answered by any worker's thread."""
