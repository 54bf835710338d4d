# Sourced by ./ai and eng/*: where things are, and how the commands speak. Answers go to standard output, all else to stderr.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A folder of this user outside the checkout, so that clones share what was downloaded.
cache_folder() {
  if [[ -n ${AI_CACHE_DIR:-} ]]; then realpath -m -- "$AI_CACHE_DIR"
  elif [[ ${XDG_CACHE_HOME:-} == /* ]]; then printf '%s/aiplatform\n' "$XDG_CACHE_HOME"
  elif [[ ${HOME:-} == /* && -w $HOME ]]; then printf '%s/.cache/aiplatform\n' "$HOME"
  else printf '/var/tmp/aiplatform-%s\n' "$(id -u)"
  fi
}

cache=$(cache_folder)
feed=$cache/feed
data=$(realpath -m -- "${AI_DATA_DIR:-$root/.data}")
local_props=$root/Directory.Build.local.props

# dll PROJECT — the program that the build made of a project.
dll() { printf '%s/artifacts/bin/%s/release/AiPlatform.%s.dll\n' "$root" "$1" "$1"; }

# local_property NAME — what the package probe wrote down; empty when it has not run.
local_property() { [[ ! -f $local_props ]] || sed -n "s|.*<$1>\(.*\)</$1>.*|\1|p" "$local_props"; }

# dotnet and npm want a home that can be written to; without one they get a folder in the cache.
if [[ ${HOME:-} != /* || ! -w $HOME ]]; then
  mkdir -p -m 700 "$cache" && [[ -O $cache ]] && mkdir -p "$cache/home" ||
    fail "the cache folder $cache is not yours, or cannot be written; set AI_CACHE_DIR to one that is."
  export HOME=$cache/home AI_CACHE_DIR=$cache
fi
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
