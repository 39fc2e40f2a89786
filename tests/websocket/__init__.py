"""WebSocket: the rows that its tests and the fuzzing share."""
