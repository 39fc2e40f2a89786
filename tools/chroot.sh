#!/usr/bin/env bash
# Runs a command on this checkout with a CPython that Debian unstable has and this machine may not:
#     tools/chroot.sh FOLDER PYTHON COMMAND...        PYTHON: 3.15; python3 is the newest. The command's $PYTHON, $VENV
# FOLDER keeps the system that debootstrap lays out there, and what the command builds; the checkout is copied anew each
# time. Needs root. What is mounted is seen by the command alone and goes with it, as its processes do. Which one the
# newest was is in FOLDER/.newest: who asks for that one, and has had it there before, needs no mirror of Debian.
# ARCH, Debian's word for another machine than this one, is for a FOLDER that is not there yet: docs/PLATFORMS.md.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(realpath -m "$1")
python=${2#python}
shift 2

step() { printf '\n=== %s\n' "$*"; }

case $python in
    3 | 3.*) ;;
    *) echo "which CPython? PYTHON=3.15, say, not $python" >&2; exit 1 ;;
esac
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "a chroot needs root, and debootstrap: apt-get install debootstrap" >&2
    exit 1
fi

# One at a time: another checkout may have the same FOLDER.
mkdir -p "$(dirname "$root")"
exec {lock}>"$root.lock"
flock "$lock"

if ! [ -e "$root/.laid-out" ]; then
    step "Debian unstable, in $root"
    if [ -e "$root" ] && ! [ -e "$root/.begun" ]; then
        echo "$root is there, and holds something else" >&2
        exit 1
    fi
    rm -rf "$root"
    # It can be laid out again: dpkg need not wait for the disk after each file.
    # A mirror may be a snapshot, which apt finds too old; debootstrap does not ask.
    mkdir -p "$root"/etc/{dpkg/dpkg.cfg.d,apt/apt.conf.d}
    touch "$root/.begun"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/snapshot"
    unshare --mount debootstrap ${ARCH:+"--arch=$ARCH"} \
        --variant=minbase --include=ca-certificates,gcc,g++,libc6-dev,make \
        unstable "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
    touch "$root/.laid-out"
fi
# This machine's word on whom to ask, and whom to trust.
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
fi

inside() {  # the chroot
    PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        unshare --mount --pid --fork --kill-child bash -euc '
            mount --rbind /dev "$0/dev"
            mount -t proc proc "$0/proc"
            mount -t tmpfs tmpfs "$0/tmp"
            exec chroot "$0" "$@"' "$root" "$@" {lock}>&-
}

if [ "$python" = 3 ]; then
    inside apt-get -qq update
    python=$(inside apt-cache pkgnames python3. | sed -n 's/^python\(3\.[0-9]*\)-venv$/\1/p' | sort -V | tail -n 1)
    echo "$python" >"$root/.newest"
fi
# What the tests have in front and beside, as far as it is small.
mapfile -t packages < <(awk '!/^#/ && $3 != "large" { print $2 }' tools/packages | sort -u)
packages+=("python$python-venv" "python$python-dev")
if ! inside dpkg-query --show "${packages[@]}" >/dev/null 2>&1; then
    step "CPython $python, and what the tests need beside it"
    inside apt-get update -q
    inside apt-get install -qy --no-install-recommends "${packages[@]}"
fi

mkdir -p "$root/fastsrv"
find "$root/fastsrv" -mindepth 1 -maxdepth 1 ! -name build ! -name '.venv*' -exec rm -rf {} +
rm -f "$root"/fastsrv/.venv*/.built-*  # modules in place went with the rest; they are linked again from build/
tar -c --exclude-vcs --exclude={./build,./dist,./.fuzz,./.hypothesis,'./.venv*','./.*_cache','./*.egg-info'} \
    --exclude={__pycache__,'*.so'} . | tar -x -C "$root/fastsrv"

step "CPython $python of Debian unstable: $*"
# Make variables of the caller come by the environment, PYTHON and VENV apart.
inside env -C /fastsrv -u MAKEFLAGS -u MFLAGS -u MAKELEVEL PYTHON="/usr/bin/python$python" VENV=".venv-$python" "$@"
