"""Found in review: USR2 of a program that calls run() started another command than that of the program, as gunicorn
makes one of sys.argv and the folder that it is in by then: `python -m package.program` was run as a file, whose
relative imports failed, and with `chdir` a relative path led nowhere. The interpreter's options were lost."""

import os
import signal
import sys

import pytest

from tests.support.servers import Gunicorn

PROGRAM = """
import os
import sys
import fastsrv
{}
async def app(scope, receive, send):
    pass

def own_hook(arbiter):
    os.write(1, b"the hook of the program was called\\n")

if __name__ == "__main__":
    fastsrv.run(app, bind="127.0.0.1:0", control_socket_disable=True, asgi_lifespan="off", pre_exec=own_hook,
                when_ready=lambda server: os.write(1, b"begun with %a\\n" % sys.flags.no_site), {})
"""


@pytest.mark.parametrize(("words", "imports", "settings"), [
    (["-m", "package.program"], "from . import other", ""),
    (["package/program.py", "word"], "", "chdir='package'"),
])
def test_the_program_is_run_anew_as_it_was(tmp_path, words, imports, settings):
    folder = tmp_path / "package"
    folder.mkdir()
    for name, text in ("__init__", ""), ("other", ""), ("program", PROGRAM.format(imports, settings)):
        (folder / f"{name}.py").write_text(text)
    server = Gunicorn(tmp_path, "")
    server.environ["PYTHONPATH"] += os.pathsep + os.pathsep.join(filter(None, sys.path))  # -S leaves these out
    server.command = [sys.executable, "-S", *words]
    with server:
        server.wait_for("the service is up")
        server.signal(signal.SIGUSR2)
        server.wait_for("^the hook of the program was called$")
        replacement = int(server.wait_for(r"\[(\d+)\] \[INFO\] Listening at", 2)[1])
        try:
            server.wait_for("^begun with 1$", 2)
            server.wait_for("the service is up", 2)
        finally:
            server.signal(signal.SIGTERM, replacement)
