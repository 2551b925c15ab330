#!/bin/sh
# Run the README's commands on a bare Debian: a minimal root file system holding nothing but what
# the README asks for. Development machines carry many more libraries, so they prove little.
#
#   sh containers/bare_debian_check.sh trixie  FOLDER [COMMAND]
#   sh containers/bare_debian_check.sh bookworm FOLDER [COMMAND]
#
# COMMAND defaults to `make demo && make test`. Needs root, git, debootstrap and the network. FOLDER
# is made on first use and kept. The committed state of this checkout is tested, cloned into a folder
# of another name, with an empty environment. Set by the operator, never written down here:
#
#   PASS="VARIABLE ..."   variables to hand over (proxies, package index, certificates)
#   BIND="PATH ..."       files and folders to show inside under the same path, read-only
#   PYTHON_PREFIX=PATH    an installed CPython to show inside, where the set-up looks for one (pyenv,
#                         uv, conda ...); Debian 12 has none that is new enough
#   PACKAGES="NAME ..."   more Debian packages (for example those for pictures)
set -eu

suite=${1:?the first argument is the suite, for example trixie}
top=${2:?the second argument is the folder of the root file system}
command=${3:-make demo && make test}
checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
inside="/srv/a folder of another name"
packages="make gcc libc6-dev ${PACKAGES:-}"

case $suite in
bookworm)
    : "${PYTHON_PREFIX:?Debian 12 has Python 3.11; PYTHON_PREFIX names a newer one to show inside}"
    # The libraries of a Python that was compiled from source with the usual modules.
    packages="$packages libbz2-1.0 libexpat1 libffi8 liblzma5 libsqlite3-0 libssl3 zlib1g"
    ;;
*) packages="$packages python3 python3-venv python3-dev" ;;
esac

mounts=
leave() {
    for point in $mounts; do umount -l -- "$top$point"; done
}
trap leave EXIT
trap 'exit 130' INT TERM

show() { # a file or folder of this machine, under the same path inside
    [ -e "$1" ] || { echo "no $1 to show" >&2; exit 2; }
    if [ -d "$1" ]; then
        mkdir -p -- "$top$1"
    else
        mkdir -p -- "$(dirname -- "$top$1")"
        [ -e "$top$1" ] || : >"$top$1"
    fi
    mount --rbind -- "$1" "$top$1"
    mounts="$1 $mounts"
    mount --make-rslave "$top$1"
}

[ -e "$top/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$top"
cp /etc/resolv.conf /etc/hosts "$top/etc/"
mount -t proc proc "$top/proc"
mounts="/proc $mounts"
for path in /dev /sys; do show "$path"; done

bare() { # a command inside, with nothing in its environment but what PASS names
    (
        set -- sh -c "$1"
        for name in ${PASS:-}; do
            eval "value=\${$name-}"
            [ -z "$value" ] || set -- "$name=$value" "$@"
        done
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$top" env "$@"
    )
}

bare "apt-get update -qq && apt-get install -qq -y --no-install-recommends $packages >/dev/null"
# Only now: a package may want to write a file that is shown.
for path in ${PYTHON_PREFIX:-} ${BIND:-}; do show "$path"; done
rm -rf -- "$top$inside"
git clone --quiet --no-hardlinks "$checkout" "$top$inside"
bare "cd '$inside' && $command"
echo "bare $suite: passed"
