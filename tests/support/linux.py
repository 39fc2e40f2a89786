"""`@of_linux`: a test of what only Linux tells of a peer, or does with a socket; left out of a build without that."""

import pytest

from fastsrv_ext.wire.connection import ON_LINUX

of_linux = pytest.mark.skipif(not ON_LINUX, reason="only Linux does so: docs/PLATFORMS.md")
