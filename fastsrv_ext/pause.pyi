def pause(seconds: float) -> int: ...  # nanoseconds
