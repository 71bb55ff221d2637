#!/usr/bin/env bash
# Make the project's environment in .venv, from nothing, and say what is going on.
#
#   scripts/setup.sh core    facepad, and what its reports and packed files need (make demo)
#   scripts/setup.sh dev     that, and what the tests need (make test)
#   scripts/setup.sh lowest  as dev, the lowest version of every dependency, in .venv-lowest
#   scripts/setup.sh newest  as dev, the newest version of every dependency, in .venv-newest
#
# Needs python3 >= 3.11 and, the first time, a network to the package index. A stamp in
# .venv makes running it again cost nothing. PYTHON=... picks another interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

want=${1:-core}
venv=.venv
# The tests also use the weights that are for research only.
dev=(--editable '.[dev]' --editable packages/facepad-research)
# The version of torch whose plain install is a CPU build; newer ones bring several GB for GPUs.
torch=(torch==2.13.0 onnx onnxscript)
# Of the ten thousand files that tests bring along few are imported; these are compiled then.
compile=(--no-compile)
case $want in
  core) compile=(--compile) targets=(--editable '.[data,report]') ;;
  dev) targets=("${dev[@]}") ;;
  lowest) targets=(--constraint requirements/lowest.txt "${dev[@]/'.[dev]'/.[test]}") venv=.venv-lowest ;;
  newest) targets=(--upgrade --upgrade-strategy eager "${dev[@]}") venv=.venv-newest ;;
  *) echo "usage: scripts/setup.sh core|dev|lowest|newest, got '$want'" >&2; exit 2 ;;
esac
log=$venv/setup.log

say() { printf '[setup] %s\n' "$*"; }
fail() { printf '[setup] %s\n' "$@" >&2; exit 1; }

# What the environment was made from; another folder, interpreter or set of requirements
# asks for a new stamp.
fingerprint() { { pwd -P; cat pyproject.toml packages/*/pyproject.toml requirements/*.txt scripts/setup.sh; } | sha256sum; }

is_current() {
  [ -x $venv/bin/facepad ] && $venv/bin/python -c '' 2>/dev/null || return 1
  local stamp
  for stamp in "$venv/.made-$want" $venv/.made-dev; do
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && return 0
  done
  return 1
}

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  fail "facepad needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." \
    "Install one, or name it: make PYTHON=/path/to/python3.12 demo"
}

# Debian and Ubuntu leave venv and ensurepip out of python3; the package is named by version.
ensure_venv() {
  local python=$1 package sudo=
  "$python" -c 'import venv, ensurepip' 2>/dev/null && return
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  [ "$(id -u)" = 0 ] || sudo='sudo -n'
  if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
    say "Python's venv module is missing; installing $package with apt-get ..."
    if $sudo apt-get update -qq >"$apt_log" 2>&1 &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "$package" >>"$apt_log" 2>&1 </dev/null &&
      "$python" -c 'import venv, ensurepip' 2>/dev/null; then
      return
    fi
    explain_apt "$package"
  fi
  fail "Python's venv module is missing. Type this line, then run make again:" \
    "    sudo apt-get install $package"
}

explain_apt() {
  if looks_offline "$apt_log"; then
    fail "$1 could not be installed: the Debian packages cannot be reached." \
      "The first set-up needs a network; connect this machine and run make again." \
      "Or install it by hand:  sudo apt-get install $1"
  fi
  tail -n 3 "$apt_log" >&2
}

looks_offline() {
  grep -qiE 'resol(ve|ving|ution)|NewConnection|unreachable|timed? ?out|Could not connect|Max retries|No matching distribution|Connection (refused|reset)' "$1"
}

# Its output goes to the log: people see one line per step, and a cause when one fails.
pip() {
  "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" >>$log 2>&1 && return
  if looks_offline $log; then
    fail "The package index cannot be reached, so the environment could not be set up." \
      "The first set-up needs a network (about 400 MB are fetched); later runs need none." \
      "Connect this machine, or point pip at a mirror (PIP_INDEX_URL), and run make again." \
      "pip's own words are in $log"
  fi
  tail -n 15 $log >&2
  fail "pip failed; all it said is in $log"
}

is_current && exit 0

started=$SECONDS
apt_log=$(mktemp)
trap 'rm -f "$apt_log"' EXIT
python=$(find_python)
ensure_venv "$python"

# A folder that was moved leaves commands behind that point to the old place.
if ! { grep -qF "$(pwd -P)/$venv" $venv/bin/pip && $venv/bin/python -m pip --version; } \
  >/dev/null 2>&1; then
  say "making $venv with $("$python" --version) ..."
  "$python" -m venv --clear $venv
fi
: >$log
say "updating pip ..."
pip install --upgrade 'pip>=24'
if [ "$want" = dev ]; then
  say "installing torch for the tests of trainings ..."
  pip install "${compile[@]}" "${torch[@]}"
fi
say "installing facepad ($want) and what it needs; takes a minute or two ..."
pip install "${compile[@]}" "${targets[@]}"
say "byte-compiling, so that the first start is quick ..."
$venv/bin/python -m compileall -q src
if [ "$want" != core ]; then  # what the tests import, once, and not in every process of their first run
  PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -m pytest --collect-only -qq tests >/dev/null 2>&1 || true
fi
fingerprint >"$venv/.made-$want"
say "done in $((SECONDS - started)) s: $venv/bin/facepad"
