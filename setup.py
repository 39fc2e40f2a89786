"""Finds and compiles fastsrv_ext/**/*.pyx. All that needs no program stands in pyproject.toml.

Switches from the environment; each mode has its own build directory, so that none reuses another's modules:
BUILD_DEBUG=1     bounds checks and assertions on, symbols, little optimization
BUILD_SANITIZE=1  for fuzzing, by clang: the address and undefined-behaviour sanitizers, and counters of what ran.
                  Such modules load only under atheris' asan_with_fuzzer.so
BUILD_PORTABLE=1  nothing of the kernel that Linux alone has, with any of these: docs/PLATFORMS.md
BUILD_ANNOTATE=1  Cython's annotated HTML beside the generated C, in build/*-annotate/cython/
"""

import multiprocessing
import os
import sys
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

DEBUG = os.environ.get("BUILD_DEBUG") == "1"
SANITIZE = os.environ.get("BUILD_SANITIZE") == "1"
PORTABLE = os.environ.get("BUILD_PORTABLE") == "1"
ANNOTATE = os.environ.get("BUILD_ANNOTATE") == "1"
MODE = "sanitize" if SANITIZE else "debug" if DEBUG else "release"
GENERATED = f"build/{'debug' if DEBUG else 'release'}" + ("-annotate" if ANNOTATE else "") + "/cython"
BUILD = f"build/{MODE}" + ("-portable" if PORTABLE else "")

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": DEBUG,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,  # in the docstrings, for stubtest and help()
    "embedsignature.format": "clinic",
    "binding": False,  # methods stay plain built-ins: the cheapest call
    "autotestdict": False,  # no __test__ in the modules
}
if SANITIZE:
    os.environ["CC"] = "clang"
    COMPILER = {"extra_compile_args": [
        "-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all",
        "-fsanitize=address,undefined,fuzzer-no-link",
    ]}
elif DEBUG:
    COMPILER = {"extra_compile_args": ["-O1", "-g", "-UNDEBUG"]}
else:
    COMPILER = {"extra_compile_args": ["-O3"], "define_macros": [("CYTHON_WITHOUT_ASSERTIONS", "1")]}
if PORTABLE:
    COMPILER.setdefault("define_macros", []).append(("FASTSRV_PORTABLE", "1"))


class BuildExt(build_ext):
    """An editable build compiles only what changed, and always puts its mode's modules in place."""

    def finalize_options(self) -> None:
        if self.editable_mode:  # a directory that lasts: that of setuptools is new and empty each time
            self.build_lib = f"{BUILD}/editable-{sys.implementation.cache_tag}"
        super().finalize_options()

    def copy_extensions_to_source(self) -> None:
        self.force = True  # the file in place may be newer and yet of the other mode
        super().copy_extensions_to_source()


extensions = [
    Extension(".".join(Path(pyx).with_suffix("").parts), [pyx], **COMPILER)
    for pyx in sorted(glob("fastsrv_ext/**/*.pyx", recursive=True))
]

setup(
    ext_modules=cythonize(
        extensions, build_dir=GENERATED, annotate=ANNOTATE, compiler_directives=DIRECTIVES,
        # A process that is not forked would run this file again.
        nthreads=os.cpu_count() if multiprocessing.get_start_method() == "fork" else 0,
    ),
    options={"build": {"build_base": BUILD}, "build_ext": {"parallel": os.cpu_count()}},
    cmdclass={"build_ext": BuildExt},
)
