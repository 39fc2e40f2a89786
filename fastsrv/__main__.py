"""`python -m fastsrv app:app [any gunicorn option]`: see fastsrv/cli.py."""

from fastsrv.cli import run

if __name__ == "__main__":
    run()
