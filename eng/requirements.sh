# Sourced: finds what has to be on the machine, installs what can be, and says what to do about the rest.
# shellcheck shell=bash

require_dotnet() {
  local wanted
  wanted=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json")
  command -v dotnet >/dev/null ||
    fail "dotnet is not on PATH. Install the .NET SDK $wanted or a later 10.0 (https://dotnet.microsoft.com/download) and run this again."
  sdk=$(cd "$root" && dotnet --version 2>/dev/null) ||
    fail "no .NET SDK here fits global.json, which asks for $wanted or a later 10.0; installed:" \
      "$(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' '). Get one from https://dotnet.microsoft.com/download."
}

redis_version() { redis-server --version 2>/dev/null | sed -n 's/.* v=\([0-9.]*\).*/\1/p'; }

require_redis() {
  local version
  command -v redis-server >/dev/null ||
    fail "redis-server (7.0 or later) is not on PATH. Install it, on Debian or Ubuntu with" \
      "'sudo apt-get install redis-server', or set ConnectionStrings__redis to a running Redis."
  version=$(redis_version)
  [[ ${version%%.*} =~ ^[0-9]+$ && ${version%%.*} -ge 7 ]] ||
    fail "redis-server $version ($(command -v redis-server)) is too old: 7.0 or later is needed for its Lua" \
      "scripts. Put a newer one first on PATH, or set ConnectionStrings__redis to a running Redis."
}

# Where there is no redis-server and packages can be installed.
install_redis() {
  if command -v redis-server >/dev/null || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then return; fi
  say "Installing redis-server …"
  apt_install redis-server >/dev/null 2>&1 || { apt-get update -qq >&2 && apt_install redis-server >&2; } ||
    fail "redis-server could not be installed with apt-get (see above). Install it yourself," \
      "or set ConnectionStrings__redis to a running Redis."
}

# The tests that step a clock need it; without it they are skipped, so that it cannot be installed is no failure.
install_faketime() {
  if command -v faketime >/dev/null || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then return; fi
  say "Installing faketime, for the tests that step a clock …"
  apt_install faketime >/dev/null 2>&1 || { apt-get update -qq >&2 && apt_install faketime >&2; } ||
    say "faketime could not be installed with apt-get (see above): the tests that step a clock are skipped."
}

# RUNLEVEL: the package's own service is not wanted; ./ai starts a Redis of its own.
apt_install() { DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq --yes --no-install-recommends "$@"; }

# Every connection and every open model file is a descriptor: take as many as this user may have.
raise_descriptor_limit() {
  local hard
  hard=$(ulimit -Hn)
  if [[ $hard == unlimited || $hard -gt 1048576 ]]; then hard=1048576; fi
  ulimit -Sn "$hard" || true
}
