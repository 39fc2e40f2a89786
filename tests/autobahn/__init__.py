"""Autobahn|Testsuite: its fuzzing client against echo.py, served by gunicorn. `make autobahn` runs it."""
