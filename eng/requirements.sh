# Sourced: checks what must be on the machine, installs what it can, and says what to do about the rest.
# shellcheck shell=bash

# Sets sdk to the version of the SDK; where nothing is built, to that of the runtime.
require_dotnet() {
  local wanted
  if is_shipped; then
    sdk=$(dotnet --list-runtimes 2>/dev/null | sed -n 's/^Microsoft.AspNetCore.App \(10[^ ]*\).*/\1 (runtime)/p' | tail -n 1)
    [[ $sdk ]] || fail "the ASP.NET Core runtime 10.0 is not on PATH. Get it from https://dotnet.microsoft.com/download."
    return
  fi
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

# Installs redis-server if it is missing and packages can be installed.
install_redis() {
  if command -v redis-server >/dev/null || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then return; fi
  say "Installing redis-server …"
  apt_install redis-server >/dev/null 2>&1 || { apt-get update -qq >&2 && apt_install redis-server >&2; } ||
    fail "redis-server could not be installed with apt-get (see above). Install it yourself," \
      "or set ConnectionStrings__redis to a running Redis."
}

# The tests that step a clock need it. Without it they are skipped, so it is not an error if it cannot be installed.
install_faketime() {
  if command -v faketime >/dev/null || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then return; fi
  say "Installing faketime, for the tests that step a clock …"
  apt_install faketime >/dev/null 2>&1 || { apt-get update -qq >&2 && apt_install faketime >&2; } ||
    say "faketime could not be installed with apt-get (see above): the tests that step a clock are skipped."
}

# The tests that use the page need it. It takes minutes on a small machine, so only './ai test --all' asks for it; others skip those tests.
install_chromium() {
  if command -v chromium >/dev/null || [[ -n ${AI_CHROMIUM:-} || $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then return; fi
  say "Installing chromium, for the tests that use the page …"
  apt_install chromium >/dev/null 2>&1 || { apt-get update -qq >&2 && apt_install chromium >&2; } ||
    say "chromium could not be installed with apt-get (see above): the tests that use the page are skipped."
}

# RUNLEVEL=1 keeps the package's own service from starting, because ./ai starts a Redis of its own.
apt_install() { DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq --yes --no-install-recommends "$@"; }

# Every connection and every open model file needs a descriptor, so this raises the limit as far as this user may.
raise_descriptor_limit() {
  local hard
  hard=$(ulimit -Hn)
  if [[ $hard == unlimited || $hard -gt 1048576 ]]; then hard=1048576; fi
  ulimit -Sn "$hard" || true
}
