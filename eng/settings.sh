# Sourced by ./ai and eng/*: where things are, and how the commands speak. Standard output is for answers, all else goes to stderr.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A folder of this user outside the checkout, so that clones share what was downloaded. AI_CACHE_DIR overrides.
cache_folder() {
  if [[ -n ${AI_CACHE_DIR:-} ]]; then realpath -m -- "$AI_CACHE_DIR"
  elif [[ ${XDG_CACHE_HOME:-} == /* ]]; then printf '%s/aiplatform\n' "$XDG_CACHE_HOME"
  elif [[ ${HOME:-} == /* && -w $HOME ]]; then printf '%s/.cache/aiplatform\n' "$HOME"
  else printf '/var/tmp/aiplatform-%s\n' "$(id -u)"
  fi
}

cache=$(cache_folder)
feed=$cache/feed
local_props=$root/Directory.Build.local.props

# dotnet and npm want a home that can be written to; without one they get the cache folder.
if [[ ${HOME:-} != /* || ! -w $HOME ]]; then
  export HOME=$cache/home
  mkdir -p "$HOME" || fail "the cache folder $cache cannot be written; set AI_CACHE_DIR to one that can."
fi
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
