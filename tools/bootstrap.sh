#!/bin/sh
# Make the Python environment of this checkout in .venv/, or bring it up to date.
#
#   sh tools/bootstrap.sh             everything that running and testing need
#   sh tools/bootstrap.sh docs        the same and what building the documentation needs
#   PYTHON=/path/python3 sh ...       use this interpreter and no other
#
# Needs a CPython that fits (see `probe`), a C compiler and the headers of both; what is missing is
# named together, before anything long starts. Packages come from wherever pip is set up to look.
# Safe to run again: nothing happens when .venv is complete and the lock file has not changed. An
# interrupted run leaves a marker behind and no `cellion` command; the next run starts afresh.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$root/.venv
unfinished=$venv/cellion-unfinished
kind=${1:-dev} # docs.lock holds all of dev.lock, with the same versions
lock=requirements/$kind.lock
stamp=$venv/cellion-$kind

oldest_glibc=34 # of 2.x: the DOLFINx wheel is built for manylinux_2_34

unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_ROOT
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*"; }
fail() {
    printf 'set-up: %s\n' "$*" >&2
    exit 2
}

# --- the machine ---------------------------------------------------------------------------------

# shellcheck disable=SC2016 # the backquotes are for the reader
own_dolfinx='The DOLFINx wheel cannot be used here. Install DOLFINx 0.11 another way (conda-forge
package fenics-dolfinx, Spack package py-fenics-dolfinx, or the dolfinx container), then install
cellion beside it with `pip install .`; docs/install.md has the commands.'

check_machine() {
    machine="$(uname -s) $(uname -m)"
    [ "$machine" = "Linux x86_64" ] ||
        fail "needs Linux on x86-64, this is $machine." "$own_dolfinx"
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc="another C library"
    minor=${libc#glibc 2.}
    minor=${minor%%.*}
    case $minor in
    '' | *[!0-9]*) fail "needs glibc 2.$oldest_glibc or newer, found $libc." "$own_dolfinx" ;;
    esac
    [ "$minor" -ge "$oldest_glibc" ] ||
        fail "needs glibc 2.$oldest_glibc or newer, found $libc." "$own_dolfinx"
}

# --- the interpreter -----------------------------------------------------------------------------

# Prints "ready", or what is missing as words out of: python (not this one at all), venv, compiler,
# libc-headers, python-headers; then a colon and the reason in full.
probe='
import os, shlex, shutil, subprocess, sys, sysconfig, tempfile

version = ".".join(str(part) for part in sys.version_info[:3])
wrong = []
if sys.implementation.name != "cpython" or sys.maxsize < 2**32:
    wrong.append("not a 64-bit CPython")
if not (3, 12) <= sys.version_info[:2] <= (3, 14) or sys.version_info.releaselevel != "final":
    wrong.append("version %s, needs 3.12, 3.13 or 3.14" % version)
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    wrong.append("free-threaded build, which the DOLFINx wheel does not support")
for name in ("bz2", "ctypes", "lzma", "ssl", "zlib"):
    try:
        __import__(name)
    except ImportError:
        wrong.append("built without the module " + name)
if wrong:
    print("python: " + "; ".join(wrong))
    raise SystemExit

missing, reasons = [], []
try:
    import ensurepip, venv
except ImportError as error:
    missing.append("venv")
    reasons.append("its module %s is missing" % error.name)

def compiles(compiler, source):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "probe.c")
        with open(path, "w") as file:
            file.write(source)
        include = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
        command = compiler + ["-shared", "-fPIC", path, "-o", path + ".so"]
        command += ["-I" + folder_ for folder_ in include if folder_]
        return subprocess.run(command, capture_output=True).returncode == 0

header = os.path.join(sysconfig.get_path("include"), "Python.h")
compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
small = "#include <math.h>\n#include <stdlib.h>\nint probe(void) { return 0; }\n"
if not shutil.which(compiler[0]):
    missing.append("compiler")
    reasons.append("its C compiler %r is not on the PATH (CC can name another)" % compiler[0])
elif not compiles(compiler, small):
    missing.append("libc-headers")
    reasons.append("%r cannot compile and link a small C file" % compiler[0])
if not os.path.exists(header) or not missing and not compiles(compiler, "#include <Python.h>\n"):
    missing.append("python-headers")
    reasons.append("its header Python.h is missing")
print(" ".join(missing) + ": " + "; ".join(reasons) if missing else "ready")
'

examine() { "$1" -I -c "$probe" 2>/dev/null || say "python: does not start"; }

# One interpreter per line, the likeliest first. Version managers are looked into directly, because
# their shims refuse to start a version that is installed but not selected.
candidates() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" || say "$PYTHON"
        return
    fi
    for name in python3.13 python3.12 python3 python3.14 python; do
        command -v "$name" || :
    done
    home=${HOME:-/nonexistent}
    pyenv=${PYENV_ROOT:-$home/.pyenv}
    shim=$(command -v python3 || :)
    case $shim in */shims/*) pyenv=${shim%/shims/*} ;; esac
    for version in 3.13 3.12 3.14; do
        for path in \
            "$pyenv"/versions/"$version"*/bin/python3 \
            "${UV_PYTHON_INSTALL_DIR:-$home/.local/share/uv/python}"/cpython-"$version"*/bin/python3 \
            "$home"/.local/share/mise/installs/python/"$version"*/bin/python3 \
            "$home"/.asdf/installs/python/"$version"*/bin/python3 \
            "$home"/.local/bin/python"$version" \
            /usr/bin/python"$version" \
            /usr/local/bin/python"$version" \
            /opt/python/*"$version"*/bin/python3; do
            [ -x "$path" ] && say "$path"
        done
    done
    for path in "${CONDA_PREFIX:-/nonexistent}"/bin/python3 /opt/conda/bin/python3 \
        "$home"/*conda*/bin/python3 "$home"/*mamba*/bin/python3 \
        "$home"/*forge*/bin/python3 "$home"/*conda*/envs/*/bin/python3; do
        [ -x "$path" ] && say "$path"
    done
    return 0
}

# The packages to ask for on Debian and Ubuntu; elsewhere the reason says what to look for.
advice() {
    packages=
    for word in $1; do
        case $word in
        python) packages="$packages python3 python3-venv python3-dev" ;;
        venv) packages="$packages python3-venv" ;;
        compiler | libc-headers) packages="$packages gcc libc6-dev" ;;
        python-headers) packages="$packages python3-dev" ;;
        esac
    done
    say "On Debian or Ubuntu: apt-get install$packages"
}

choose_python() {
    almost=
    while IFS= read -r candidate; do
        case $candidate in "$venv"/*) continue ;; esac
        verdict=$(examine "$candidate")
        case $verdict in
        ready)
            python=$candidate
            return
            ;;
        python:*) ;;
        *) [ -n "$almost" ] || almost=$candidate almost_verdict=$verdict ;;
        esac
    done <<LIST
$(candidates)
LIST
    [ -z "$almost" ] || use_or_refuse "$almost" "$almost_verdict"
    [ -n "${python:-}" ] || refuse_all
}

# An interpreter that lacks nothing but its own way of making an environment can still serve.
use_or_refuse() {
    if [ "${2%%:*}" = venv ] && maker "$1" >/dev/null; then
        python=$1
    else
        fail "$1 would do, but ${2#*: }.
$(advice "${2%%:*}")"
    fi
}

refuse_all() {
    say "Interpreters found:" >&2
    candidates | while IFS= read -r candidate; do
        say "  $candidate - $(examine "$candidate")" >&2
    done
    fail "no suitable Python. cellion needs CPython 3.12, 3.13 or 3.14.
Debian 13, Ubuntu 24.04 and later: apt-get install python3 python3-venv python3-dev
Others: \`uv python install 3.13\`, \`pyenv install 3.13\` or \`conda create -n py313 python=3.13\`;
then run this again, or name the interpreter: PYTHON=/path/to/python3 make demo"
}

# --- the environment -----------------------------------------------------------------------------

# The ways to make an environment with pip in it, the first that works here.
maker() {
    if "$1" -I -c 'import ensurepip, venv' 2>/dev/null; then
        say venv
    elif "$1" -I -m virtualenv --version >/dev/null 2>&1; then
        say virtualenv-module
    elif command -v virtualenv >/dev/null 2>&1; then
        say virtualenv
    elif "$1" -I -c 'import pip, venv' 2>/dev/null; then
        say borrowed-pip
    elif command -v uv >/dev/null 2>&1; then
        say uv
    else
        return 1
    fi
}

create() {
    say "Making .venv with $python"
    rm -rf -- "$venv"
    mkdir -- "$venv"
    : >"$unfinished"
    case $(maker "$python") in
    venv) "$python" -I -m venv "$venv" ;;
    virtualenv-module) "$python" -I -m virtualenv --quiet "$venv" ;;
    virtualenv) virtualenv --quiet --python "$python" "$venv" ;;
    borrowed-pip)
        "$python" -I -m venv --without-pip "$venv"
        "$python" -I -m pip --python "$venv/bin/python" install --quiet pip
        ;;
    uv) uv venv --quiet --allow-existing --seed --python "$python" "$venv" ;;
    esac
    : >"$unfinished"
}

key() {
    say "$venv"
    cksum <"$root/$lock"
    cksum <"$root/pyproject.toml"
    cksum <"$root/tools/bootstrap.sh"
}

starts() { [ ! -e "$unfinished" ] && "$venv/bin/python" -I -c 'import pip' 2>/dev/null; }

# Whether packages may be installed into the .venv that is there: it starts, its interpreter fits,
# and it was not moved with its folder (its commands would point to the old place).
sound() {
    starts || return 1
    case $(examine "$venv/bin/python") in ready | venv:*) ;; *) return 1 ;; esac
    [ ! -e "$venv/cellion-dev" ] || [ "$(sed -n 1p "$venv/cellion-dev")" = "$venv" ]
}

# pip in the environment, run from the root so that no argument holds the path (and its spaces).
pip_install() {
    (cd "$root" && "$venv/bin/python" -I -m pip install --quiet --quiet "$@") ||
        fail "pip could not install what is needed (see above). Run this again to go on."
}

install() {
    rm -f -- "$stamp"
    : >"$unfinished"
    say "Installing the packages of $lock (1.3 GB on disk; a minute or two)"
    pip_install --only-binary :all: --require-hashes --requirement "$lock"
    pip_install --no-deps --no-build-isolation --no-index --editable .
    "$venv/bin/python" -I -m pip check ||
        say "set-up: packages in .venv disagree (see above); \`make clean\` starts afresh." >&2
    "$venv/bin/python" -I -c 'import dolfinx_solver, dolfinx' ||
        fail "DOLFINx is installed but does not start (see above)."
    key >"$stamp.new"
    mv -f -- "$stamp.new" "$stamp"
    rm -f -- "$unfinished"
    say "Ready: .venv/bin/cellion"
}

[ -e "$root/$lock" ] || fail "no $lock: the argument is dev (the default) or docs, not '$kind'."
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(key)" ] && starts; then
    exit 0
fi
check_machine
if ! sound; then
    choose_python
    create
fi
install
