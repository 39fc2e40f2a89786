"""In systemd's place, of whose unit it does two things: it holds the socket, and starts the service again when that has
ended (deploy/systemd). `python systemd.py PORT WORDS ...`: at 127.0.0.1, what is started by these words."""

import os
import socket
import sys

FIRST = 3  # sd_listen_fds(3): the number of the first socket


def main(port, *words):
    listening = socket.create_server(("127.0.0.1", int(port)), backlog=2048)
    if listening.fileno() != FIRST:
        os.dup2(listening.fileno(), FIRST)
    os.set_inheritable(FIRST, True)
    while True:
        pid = os.fork()
        if pid == 0:
            os.execvpe(words[0], words, os.environ | {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
