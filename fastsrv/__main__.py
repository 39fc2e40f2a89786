"""`python -m fastsrv app:app [any gunicorn option]`: gunicorn with the worker class preset."""

import sys

from gunicorn.app.wsgiapp import run

if __name__ == "__main__":
    sys.argv[1:1] = ["--worker-class", "fastsrv.Worker"]
    run(prog="python -m fastsrv")
