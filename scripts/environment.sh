# shellcheck shell=bash
#
# Sourced by the other scripts: finds uv and Python 3.14, creates the environments.
# Everything is stored in .cache/ and in uv's own cache; a call with nothing to do is
# fast.
#
#   sync_environment newest|floor   creates .cache/venv-<name> from uv.lock
#   sync_environment next           recreates .cache/venv-next with the newest versions
#   sync_next_frontend              downloads the newest frontend into its own folder
#   environment_python NAME         prints the interpreter of an environment
#   say TEXT                        prints progress
#   help_if_asked ARGUMENT…         prints the comment at the script's top, for --help

set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache
readonly root cache
readonly uv_version=0.13.9 uv_minimum=0.9.0 python_request='cpython>=3.14.2,<3.15'

export HYPOTHESIS_STORAGE_DIRECTORY=$cache/hypothesis
unset VIRTUAL_ENV  # uv would warn about it
unset PYTHONDONTWRITEBYTECODE  # each process would compile all modules again

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

help_if_asked() {
  case " $* " in
    *' --help '* | *' -h '*) exec sed -n '2,/^$/s/^# \{0,1\}//p' "$0" ;;
  esac
}

is_usable_uv() {
  local version
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#uv }
  printf '%s\n' "$uv_minimum" "${version%% *}" | sort -V -C
}

# Sets uv to an installed uv that is new enough, else installs one in .cache.
find_uv() {
  [ -z "${uv:-}" ] || return 0
  local candidate
  for candidate in "$(command -v uv || true)" "$cache/uv-tool/bin/uv"; do
    if is_usable_uv "$candidate"; then
      uv=$candidate
      return
    fi
  done
  say "Installing uv $uv_version into .cache/uv-tool"
  command -v python3 >/dev/null ||
    fail "neither uv nor python3 found: install one of them"
  rm -rf "$cache/uv-tool"
  python3 -m venv "$cache/uv-tool" ||
    fail "python3 cannot create a virtual environment: install its venv module" \
      "(Debian: python3-venv), or uv"
  "$cache/uv-tool/bin/python" -m pip install --quiet --disable-pip-version-check \
    "uv==$uv_version" || fail "pip could not install uv, see above"
  uv=$cache/uv-tool/bin/uv
}

installed_python() {
  "$uv" python find --system --no-python-downloads "$python_request" 2>/dev/null
}

downloaded_python() {
  say "Asking uv for its own Python 3.14"
  UV_HTTP_CONNECT_TIMEOUT=10 UV_HTTP_RETRIES=1 UV_PYTHON_INSTALL_BIN=0 \
    "$uv" python install --quiet "$python_request" >&2 &&
    installed_python
}

debian_python() {
  say "Unpacking Debian's Python 3.14 into .cache/python"
  "$root/scripts/python314" "$cache/python" >&2 &&
    echo "$cache/python/usr/bin/python3.14"
}

# Sets python to an interpreter that Home Assistant accepts.
find_python() {
  [ -z "${python:-}" ] || return 0
  find_uv
  python=$(installed_python) ||
    python=$("$root/scripts/python314" --check "$cache/python") ||
    python=$(downloaded_python) ||
    python=$(debian_python) ||
    fail "no Python 3.14.2 or newer found: install python3.14, see above"
}

environment_python() { echo "$cache/venv-$1/bin/python"; }

sync_environment() {
  find_python
  case $1 in
    next) sync_next ;;
    *) sync_locked "$1" ;;
  esac
}

sync_locked() {
  [ -x "$(environment_python "$1")" ] ||
    say "Installing the $1 environment into .cache/venv-$1 (once, may take minutes)"
  UV_PROJECT_ENVIRONMENT=$cache/venv-$1 "$uv" sync --quiet --project "$root" \
    --frozen --no-default-groups --group "$1" --python "$python" ||
    fail "the $1 environment could not be created, see above"
}

sync_next() {
  say "Installing the newest Home Assistant, including pre-releases," \
    "into .cache/venv-next"
  install_next || fail "the next environment could not be created, see above"
  say "$(next_pip freeze |
    grep -E '^(homeassistant|pytest-homeassistant-custom-component)==' | xargs)"
}

# Home Assistant is installed first: where both pin a package, the harness has the pin
# of an older Home Assistant, which is overridden.
install_next() {
  local next=$cache/venv-next pins
  "$uv" venv --quiet --clear --python "$python" "$next" &&
    next_pip install 'homeassistant>=2026.3.0b0' &&
    pins=$(find "$next" -path '*/homeassistant/package_constraints.txt') &&
    next_pip freeze | grep '^homeassistant==' | cat - "$pins" >"$next/pins.txt" &&
    next_pip install pytest-homeassistant-custom-component \
      --overrides "$next/pins.txt" --group "$root/pyproject.toml:test"
}

# Runs in another folder: here, pyproject.toml would affect the versions.
next_pip() { VIRTUAL_ENV=$cache/venv-next "$uv" --quiet --directory / pip "$@"; }

# Sets next_frontend to a folder with the newest frontend of Home Assistant, which is
# released before the Home Assistant that contains it.
sync_next_frontend() {
  next_frontend=$cache/frontend-next
  find_uv
  say "Installing the newest frontend into .cache/frontend-next"
  rm -rf "$next_frontend"
  "$uv" --directory / pip install --quiet --python "$(environment_python newest)" \
    --prerelease allow --no-deps --target "$next_frontend" home-assistant-frontend ||
    fail "the newest frontend could not be installed, see above"
  say "$(find "$next_frontend" -maxdepth 1 -name '*.dist-info' -printf '%f\n')"
}
