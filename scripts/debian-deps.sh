#!/bin/sh
# Installs the Debian packages that the tests need. Quick when they are present; safe to run again.
set -eu

packages="chromium strace zsh fish"

missing=""
for package in $packages; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed"; then
    missing="$missing $package"
  fi
done

if [ -z "$missing" ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "debian-deps: this is not a Debian system; please install:$missing" >&2
  exit 1
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
  else
    echo "debian-deps: needs root to install:$missing (run: sudo sh scripts/debian-deps.sh)" >&2
    exit 1
  fi
fi

echo "debian-deps: installing$missing"
export DEBIAN_FRONTEND=noninteractive
install_missing() {
  # shellcheck disable=SC2086
  $as_root apt-get install -y -qq --no-install-recommends $missing >/tmp/openclaw-debian-deps.$$.log 2>&1
}
if ! install_missing; then
  # The package lists of a fresh image are empty or old.
  $as_root apt-get update -qq
  if ! install_missing; then
    tail -n 5 /tmp/openclaw-debian-deps.$$.log >&2
    echo "debian-deps: could not install:$missing" >&2
    exit 1
  fi
fi
rm -f /tmp/openclaw-debian-deps.$$.log
