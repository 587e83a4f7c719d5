# Sourced by the scripts beside it. Finds uv (or fetches it into a folder of its own, so that
# nothing outside the checkout changes) and an interpreter that is new enough.
# shellcheck shell=bash

MINIMUM_PYTHON="3.11"
# shellcheck disable=SC2034 # for those who source this
LOCK="requirements/dev.txt"
UV=""

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

find_uv() {
    local candidate python
    for candidate in "$(command -v uv || true)" "$PWD/.venv-uv/bin/uv"; do
        if [ -n "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then
            UV="$candidate"
            return
        fi
    done
    for python in python3 python; do
        # --target works where the system's Python is marked as externally managed, too.
        if "$python" -m pip --version >/dev/null 2>&1; then
            say "fetching uv into .venv-uv"
            "$python" -m pip install --quiet --upgrade --target .venv-uv uv >&2
            UV="$PWD/.venv-uv/bin/uv"
            return
        fi
    done
    die "neither uv nor a Python with pip is on PATH; install uv first"
}

# Prints the path of an interpreter: of exactly $1 if it is there, else any that will do.
find_python() {
    "$UV" python find --quiet --no-project --system --no-python-downloads "$1" 2>/dev/null ||
        "$UV" python find --quiet --no-project --system --no-python-downloads \
            ">=$MINIMUM_PYTHON" 2>/dev/null ||
        printf '%s\n' "$1" # uv fetches one where it is allowed to
}

is_new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < (${MINIMUM_PYTHON/./, }))" >/dev/null 2>&1
}
