# Sourced by ./ai and eng/*: paths and messages of the commands. Answers go to standard output, everything else to stderr.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

data=$(realpath -m -- "${AI_DATA_DIR:-$root/.data}")

# Where './ai gpu-check' installs CUDA's libraries if the machine has none; then every program of this data folder takes them from there.
cuda_libraries=$data/cuda
if [[ ! ${Models__CudaPath:-} && -e $cuda_libraries/complete ]]; then export Models__CudaPath=$cuda_libraries; fi

# dll PROJECT — the program that the build made of a project.
dll() { printf '%s/artifacts/bin/%s/release/AiPlatform.%s.dll\n' "$root" "$1" "$1"; }

# is_shipped — whether this is what eng/ship has made: programs that are built, where there may be no SDK.
is_shipped() { [[ -f $root/artifacts/shipped ]]; }

# dotnet needs a writable home; a user without one gets a folder.
if [[ ${HOME:-} != /* || ! -w $HOME ]]; then
  HOME=/var/tmp/aiplatform-$(id -u)
  mkdir -p -m 700 "$HOME" && [[ -O $HOME ]] || fail "$HOME is not yours, or cannot be written; set HOME to a folder that is."
  export HOME
fi
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
