"""`python -m fastsrv app:app [any gunicorn option]`: see fastsrv/cli.py."""

import os
import sys

if not __package__:  # run by its path, as gunicorn does on USR2: an app's `import config` would find ours
    sys.path[0] = os.getcwd()  # as -m has it

from fastsrv.cli import run

if __name__ == "__main__":
    run()
