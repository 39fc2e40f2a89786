# make run | test | build | debug | annotate | lint | stress | faults | restarts | fuzz | autobahn |
#      bench | wheel | wheels | chroot | clean
#
# PYTHON, VENV  an interpreter and its environment         make test PYTHON=python3.13 VENV=.venv-3.13
# ARGS          more arguments for pytest, the fuzzer,     make test ARGS="-k drain -x"
#               the benchmark suite                        make bench ARGS=--quick
#               or Autobahn|Testsuite                      make autobahn ARGS=short
# WORKERS       processes that run tests beside each other make test WORKERS=0 ARGS=--pdb   (0: pytest's own alone)
# GUNICORN      a version of it, if not the newest         make test GUNICORN="==25.2.*" VENV=.venv-oldest
# TIME          seconds of fuzzing, for each target        make fuzz-head TIME=3600
# MODE          release, debug or portable, for any target make stress MODE=debug
# PYTHONS       the interpreters that wheels are for,      make wheels PYTHONS="python3.12 python3.13"
# TARGETS       and the machines                           make wheels TARGETS=aarch64-linux-gnu.2.17
# CHROOT        where Debian unstable is laid out          make chroot PYTHON=3.15 CHROOT=/var/tmp/unstable
# ARCH          for which machine, in Debian's words       make chroot PYTHON=3.14 ARCH=arm64

PYTHON ?= python3
VENV ?= .venv
BIND ?= 127.0.0.1:8000
ARGS ?=
WORKERS ?= 2
GUNICORN ?=
TIME ?= 150
PYTHONS ?= $(or $(wildcard $(HOME)/.pyenv/versions/3.1*/bin/python3),$(PYTHON))
ARCH ?=
CHROOT ?= build/chroot$(addprefix -,$(ARCH))
MODE := release

BIN := $(abspath $(VENV))/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SWITCHES := BUILD_DEBUG=$(if $(filter debug,$(MODE)),1,0) BUILD_PORTABLE=$(if $(filter portable,$(MODE)),1,0)
FUZZ := fuzz-head fuzz-differ fuzz-protocol fuzz-websocket
SOURCES := $(wildcard $(addprefix fastsrv_ext/,*.pyx *.pxd */*.pyx */*.pxd))

.PHONY: run test build debug annotate lint stress faults restarts sanitized fuzz $(FUZZ) autobahn
.PHONY: bench wheel wheels chroot clean

run: build
	$(BIN)/gunicorn -k fastsrv.Worker -b $(BIND) --chdir examples hello:app

# The tests are dealt out in their order, and who is done takes some of the other's: the least starts of shared servers.
test: build $(VENV)/.test
	$(BIN)/python -m pytest $(if $(filter-out 0,$(WORKERS)),-n $(WORKERS) --dist worksteal) $(ARGS)

build: $(VENV)/.built-$(MODE)

# The next target in release mode puts the release build back.
debug:
	$(MAKE) test MODE=debug

annotate: $(VENV)/.tools
	$(SWITCHES) BUILD_ANNOTATE=1 $(BIN)/python setup.py --quiet --name  # any command will do: Cython runs before it
	@ls build/$(MODE)-annotate/cython/fastsrv_ext/*.html build/$(MODE)-annotate/cython/fastsrv_ext/*/*.html

lint: build $(VENV)/.lint
	$(BIN)/ruff check
	PATH="$(BIN):$$PATH" cython-lint fastsrv_ext  # it looks for pycodestyle on the PATH
	$(BIN)/mypy
	$(BIN)/stubtest --allowlist tools/stubtest-allowlist.txt fastsrv_ext fastsrv

stress: build $(VENV)/.test
	$(BIN)/python -m pytest tests/stress --long -o faulthandler_timeout=0 $(ARGS)

faults: build $(VENV)/.test
	@command -v slowhttptest >/dev/null || echo "slowhttptest is left out: apt-get install slowhttptest" >&2
	$(BIN)/python -m pytest tests/faults --long -o faulthandler_timeout=0 $(ARGS)

restarts: build $(VENV)/.test
	$(BIN)/python -m pytest tests/restarts --long -o faulthandler_timeout=0 $(ARGS)

fuzz: $(FUZZ)

# In a directory of its own; the build in place stays as it is.
sanitized: build $(VENV)/.fuzz
	@command -v clang >/dev/null || { echo "fuzzing needs clang: apt-get install clang llvm" >&2; exit 1; }
	BUILD_SANITIZE=1 $(BIN)/python setup.py --quiet build --build-lib build/sanitize/lib

$(FUZZ): fuzz-%: sanitized
	$(BIN)/python -m tests.fuzz $* -max_total_time=$(TIME) $(ARGS)

# Autobahn|Testsuite has an environment of its own, of Python 2.7.
autobahn: build
	$(BIN)/python -m tests.autobahn $(ARGS)

bench: build $(VENV)/.bench
	$(BIN)/python -m benchmarks $(ARGS)

# The sdist, and the wheel from the sdist: both in environments of their own.
wheel: $(VENV)/.package
	rm -rf dist
	$(BIN)/python -m build

# Of each interpreter, for the machines of others: docs/PLATFORMS.md.
wheels: $(VENV)/.wheels
	PATH="$(BIN):$$PATH" $(BIN)/python -m tools.wheels $(PYTHONS)

# Debian's builds of CPython, which are newer than many a machine's: as root, with debootstrap.
chroot:
	ARCH="$(ARCH)" tools/chroot.sh "$(CHROOT)" "$(PYTHON)" make test MODE="$(MODE)"

# The virtual environments stay: they are yours to delete.
clean:
	rm -rf build dist *.egg-info fastsrv_ext/*.so fastsrv_ext/*/*.so .fuzz .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -f $(VENV)/.built-* .venv*/.built-*

# Stamps: one for the tools that build, one for the build in place (of one mode at a time), one for each dependency group.

# A change of setup.py may be one of compiler options, of which a source's time of change knows nothing.
$(VENV)/.tools: setup.py pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q --upgrade "pip>=25.1"
	$(PIP) install -q --group build
	rm -rf build/debug* build/release* build/sanitize*
	touch $@

# Without build isolation, as the tools are there already: a changed file is built in seconds.
# -qq: pip shows errors, not setuptools' warning about folders of the same name.
$(VENV)/.built-$(MODE): $(VENV)/.tools $(SOURCES) fastsrv/__init__.py
	rm -f $(VENV)/.built-*
	$(SWITCHES) $(PIP) install -qq --no-build-isolation -e . "gunicorn$(GUNICORN)"
	touch $@

$(VENV)/.test $(VENV)/.lint $(VENV)/.fuzz $(VENV)/.bench $(VENV)/.package $(VENV)/.wheels: $(VENV)/.%: $(VENV)/.tools
	$(PIP) install -q --group $*
	touch $@
