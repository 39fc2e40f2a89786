"""fastsrv/tls/renewal.py, look by look, on real files and gunicorn's own Config. In a real gunicorn:
tests/worker/test_tls_renewal.py."""

import logging
import os
import ssl

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.tls.certificate import certificate_shown
from fastsrv.tls.renewal import Renewal
from tests.support.authority import certificate


@pytest.fixture
def renewed(tmp_path, caplog):
    return Renewed(tmp_path, caplog)


class Renewed:
    """A Renewal of certfile and keyfile in a folder, which has begun with `first`."""

    def __init__(self, folder, caplog):
        self.folder, self.caplog = folder, caplog
        caplog.set_level(logging.INFO)
        self.taken, self.hook = [], None
        self.first = certificate()
        self.write(self.first)
        cfg = GunicornConfig()
        cfg.set("certfile", str(folder / "certificate"))
        cfg.set("keyfile", str(folder / "key"))
        cfg.set("ssl_context", self.make)
        self.renewal = Renewal(cfg, logging.getLogger("tests"), reload=0)
        self.renewal.start(self.taken.append)

    def make(self, cfg, default):
        return default() if self.hook is None else self.hook(cfg, default)

    def write(self, made, *names):
        for name in names or ("certificate", "key"):
            path = self.folder / name
            path.write_text(made.key if name == "key" else "".join(made.chain))
            self.later(path)

    def later(self, path):
        """The clock of a file system may be a coarse one."""
        self.moment = getattr(self, "moment", 0) + 1
        os.utime(path, ns=(self.moment, self.moment))

    def look(self, times=1):
        for _ in range(times):
            self.renewal.look()
        return self

    def shown(self):
        return [certificate_shown(context, ssl.TLSVersion.TLSv1_3, "") for context in self.taken]

    @property
    def lines(self):
        return [f"{record.levelname} {record.getMessage()}" for record in self.caplog.records]


def test_files_that_stay_make_no_context(renewed):
    renewed.look(3)
    assert not renewed.taken and not renewed.lines


def test_renewed_pair_is_taken_up_once_it_rests(renewed):
    new = certificate()
    renewed.write(new)
    assert not renewed.look().taken
    assert renewed.look().shown() == [new.pem]
    assert renewed.lines == ["INFO TLS files have changed: new connections use the new ones"]
    assert len(renewed.look(3).taken) == 1
    assert renewed.renewal.context is renewed.taken[0]


def test_file_that_is_being_written_is_left_alone(renewed):
    new = certificate()
    for _ in range(5):
        renewed.write(new)
        assert not renewed.look().taken
    assert renewed.look().shown() == [new.pem]


def test_half_a_pair_keeps_the_old_context_and_is_told_of_once(renewed):
    new = certificate()
    renewed.write(new, "certificate")
    assert not renewed.look(5).taken
    (line,) = renewed.lines
    assert line.startswith("ERROR Changed TLS files are not taken up: TLS cannot be used: the key of keyfile = ")
    assert "does not belong to the certificate of certfile = " in line and line.count("\n") == 0
    renewed.write(new, "key")
    assert renewed.look(2).shown() == [new.pem]
    assert len(renewed.lines) == 2


@pytest.mark.parametrize("name", ["certificate", "key"])
def test_file_that_is_gone_or_empty_for_a_while(renewed, name):
    path = renewed.folder / name
    path.write_text("")
    assert not renewed.look(3).taken
    path.unlink()
    assert not renewed.look(3).taken
    new = certificate()
    renewed.write(new)
    assert renewed.look(2).shown() == [new.pem]
    told = [line for line in renewed.lines if line.startswith("ERROR")]
    assert len(told) == 2 and "holds no" in told[0] and "cannot be read" in told[1]


def test_files_that_become_what_they_were_are_told_of_anew_when_they_break_again(renewed):
    stat = (renewed.folder / "key").stat()
    (renewed.folder / "key").rename(renewed.folder / "aside")
    renewed.look(3)
    (renewed.folder / "aside").rename(renewed.folder / "key")
    assert (renewed.folder / "key").stat().st_ino == stat.st_ino
    assert not renewed.look(3).taken and len(renewed.lines) == 1
    (renewed.folder / "key").unlink()
    renewed.look(3)
    assert len(renewed.lines) == 2


def test_symbolic_link_to_another_file_is_a_change(renewed):
    """As Kubernetes renews a secret: each path leads over a link, ..data, that is replaced in one go."""
    folder = renewed.folder
    for number, made in ((1, renewed.first), (2, certificate())):
        (folder / f"..{number}").mkdir()
        (folder / f"..{number}" / "certificate").write_text("".join(made.chain))
        (folder / f"..{number}" / "key").write_text(made.key)
        for name in ("certificate", "key"):
            os.utime(folder / f"..{number}" / name, ns=(1, 1))  # its time says nothing
    (folder / "..data").symlink_to("..1")
    for name in ("certificate", "key"):
        (folder / name).unlink()
        (folder / name).symlink_to(f"..data/{name}")
    renewed.look(2)
    (folder / "new").symlink_to("..2")
    (folder / "new").rename(folder / "..data")
    assert renewed.look(2).shown() == [renewed.first.pem, made.pem]


# --- the hook ---


def test_hook_is_called_again(renewed):
    def hook(cfg, default):
        context = default()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context

    renewed.hook = hook
    renewed.write(certificate())
    (context,) = renewed.look(2).taken
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.options & ssl.OP_NO_RENEGOTIATION


@pytest.mark.parametrize("failure", [KeyError("of its own"), SystemExit(3)])
def test_hook_that_fails_keeps_the_old_context(renewed, failure):
    def hook(cfg, default):
        raise failure

    renewed.hook = hook
    new = certificate()
    renewed.write(new)
    assert not renewed.look(4).taken
    (line,) = renewed.lines
    assert line.startswith(f"ERROR Changed TLS files are not taken up: the ssl_context hook has failed: {failure!r}")
    renewed.hook = None
    assert renewed.look().shown() == [new.pem]


@pytest.mark.parametrize(("returned", "told"), [
    (None, "ssl_context must return an ssl.SSLContext, not None"),
    (ssl.create_default_context(), "ssl_context must return a server's context"),
], ids=["None", "a client's"])
def test_hook_that_returns_no_context_of_a_server_keeps_the_old_one(renewed, returned, told):
    renewed.hook = lambda cfg, default: returned
    renewed.write(certificate())
    assert not renewed.look(3).taken
    (line,) = renewed.lines
    assert told in line


def test_hook_that_returns_the_same_context_is_told_to_make_a_new_one(renewed):
    renewed.hook = lambda cfg, default: renewed.renewal.context
    renewed.write(certificate())
    assert not renewed.look(4).taken
    (line,) = renewed.lines
    assert line.startswith("WARNING TLS files have changed, but the ssl_context hook returns the context")


def test_without_tls_there_is_nothing_to_look_at():
    renewal = Renewal(GunicornConfig(), logging.getLogger("tests"), reload=60)
    renewal.start(None)
    assert renewal.context is None
