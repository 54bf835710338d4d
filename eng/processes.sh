# Sourced: starts, watches and stops the processes of one data folder. A process is known by its name (redis, worker-1, gateway);
# $run/NAME.pid holds its id and its start time, so that another program that got the same id later is never taken for it.
# shellcheck shell=bash

run=$data/run
logs=$data/logs

# The supervisor of this data folder holds a lock on this file while it runs (and writes its process id into it). The kernel releases the
# lock however the supervisor ends, so it cannot be stale.
lock=$run/supervisor
is_supervised() { [[ -f $lock ]] && ! flock --nonblock "$lock" true; }

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets REPLY to a port where nobody listens, below the range that the system gives to outgoing connections.
free_port() {
  while REPLY=$((20000 + RANDOM % 10000)); listens "$REPLY" || [[ " ${taken_ports:-} " == *" $REPLY "* ]]; do :; done
  taken_ports+=" $REPLY"
}

require_unsupervised() {
  if is_supervised; then
    fail "already running with this data folder ($data), supervised by process $(<"$lock"). Stop it with './ai down', or" \
      "set AI_DATA_DIR for a second one."
  fi
}

# require_free_port PORT HINT
require_free_port() {
  if listens "$1"; then fail "port $1 is in use by another program; $2."; fi
}

# read_start_time ID — sets REPLY to when a process started; fails when there is none, or only what is left of one (a zombie).
read_start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # the fields after the name, which may hold anything
  set -- ${stat##*) }
  REPLY=${20}
  [[ $1 != [ZX] ]]
}

is_running() {
  local id start
  { read -r id start <"$run/$1.pid"; } 2>/dev/null && read_start_time "$id" && [[ $REPLY == "$start" ]]
}

# start NAME COMMAND… — in a session of its own, so that Ctrl-C in the terminal reaches the supervisor only.
# The process does not inherit the supervisor's descriptors (8: the lock, 9: the pipe that it waits on).
start() {
  local name=$1; shift
  setsid "$@" >>"$logs/$name.log" 2>&1 </dev/null 8>&- 9>&- &
  process[$name]=$!
  started[$name]=$SECONDS
  read_start_time "$!" || REPLY=0
  printf '%s %s\n' "$!" "$REPLY" >"$run/$name.pid"
}

# stop NAME… — SIGTERM to all of them, 35 s (.NET gives itself 30), then SIGKILL.
stop() {
  local name id _ waited=0 left=()
  for name; do
    is_running "$name" || continue
    read -r id _ <"$run/$name.pid"
    kill -TERM "$id" 2>/dev/null || true
    left+=("$name")
  done
  while ((${#left[@]} && waited < 350)); do
    pause 0.1
    waited=$((waited + 1))
    set -- "${left[@]}"; left=()
    for name; do if is_running "$name"; then left+=("$name"); fi; done
  done
  for name in "${left[@]}"; do
    say "$name did not stop within 35 s: killed."
    read -r id _ <"$run/$name.pid"
    kill -KILL "$id" 2>/dev/null || true
  done
}

# The Gateway is stopped first, so that no call fails half-way; Redis is stopped last, when no process uses it any more.
stop_all() {
  local file name names=()
  for file in "$run"/worker-*.pid; do
    name=${file##*/}
    if [[ -f $file ]]; then names+=("${name%.pid}"); fi
  done
  stop gateway
  stop "${names[@]}"
  stop redis
  rm -f "$run"/*.pid
}

# A supervisor that was killed leaves its processes behind: prints their names.
leftovers() {
  local file name
  for file in "$run"/*.pid; do
    name=${file##*/}
    if is_running "${name%.pid}"; then printf '%s ' "${name%.pid}"; fi
  done
}

stop_leftovers() {
  local found
  found=$(leftovers)
  if [[ $found ]]; then say "Stopping what a killed run left behind: $found…"; fi
  stop_all
}

# rotate NAME — moves a log that has grown beyond $log_bytes aside, as NAME.log.1; three old ones are kept. The process goes on
# writing into the same file, which is emptied: what it writes while the copy is made may be lost.
rotate() {
  local log=$logs/$1.log size
  size=$(stat -c %s "$log" 2>/dev/null) || return 0
  if ((size <= log_bytes)); then return 0; fi
  shift_logs "$log"
  if cp "$log" "$log.1"; then : >"$log"; fi
}

# shift_logs LOG — makes room for a new LOG.1.
shift_logs() {
  if [[ -f $1.2 ]]; then mv -f "$1.2" "$1.3"; fi
  if [[ -f $1.1 ]]; then mv -f "$1.1" "$1.2"; fi
}

# pause SECONDS — unlike sleep it starts no process and ends at once on a signal.
pause() { read -rt "$1" -u 9 || true; }
exec 9<> <(:)

# http_get PORT PATH — prints the whole answer, head and body.
http_get() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" &&
      printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&3 &&
      timeout 5 cat <&3
  ) 2>/dev/null
}

# http_is_ready PORT — whether GET /health answers 200.
http_is_ready() { [[ $(http_get "$1" /health) == 'HTTP/1.1 200 '* ]]; }

# needs_key PORT — whether the Gateway there asks for an API key.
needs_key() { [[ $(http_get "$1" /v1/models) == 'HTTP/1.1 401 '* ]]; }

# device_of NUMBER — which GPU the worker of this number, from 1 on, uses on a machine with several: they are given out in turn, unless
# the settings name one or hide some.
device_of() {
  local gpus=(/proc/driver/nvidia/gpus/*)
  if [[ ${Models__DeviceId:-} || ${CUDA_VISIBLE_DEVICES:-} || ${#gpus[@]} -lt 2 ]]; then return; fi
  echo $((($1 - 1) % ${#gpus[@]}))
}

# knows_workers PORT COUNT — whether the Gateway there knows this number of workers.
knows_workers() {
  [[ $(http_get "$1" /health) =~ ([0-9]+)\ workers\ live ]] && ((BASH_REMATCH[1] >= $2))
}

# models_detail PORT — prints the state of the models of the worker there, without JSON syntax.
models_detail() {
  local field='"name":"models","status":"[A-Za-z]+","detail":"(([^"\]|\\.)*)"'
  [[ $(http_get "$1" /health) =~ $field ]] && printf '%b\n' "${BASH_REMATCH[1]//\\\"/\"}"
}

# example_call MODELS PORT… — prints the route, and the body of a call, of a model that the workers there serve: the first in the folder
# MODELS; nothing when none is found.
example_call() {
  local manifest detail served='' text name
  for detail in "${@:2}"; do
    detail=$(models_detail "$detail") || continue
    detail=${detail#'Served on '*': '}
    served+=", ${detail%%. Not served: *},"
  done
  for manifest in "$1"/*/model.json; do
    text=$(tr -d '\n' <"$manifest" 2>/dev/null) || continue
    [[ $text =~ \"name\"[[:space:]]*:[[:space:]]*\"([A-Za-z0-9._:/-]+)\" ]] || continue
    name=${BASH_REMATCH[1]}
    if [[ $served != *", $name,"* && $served != *", $name.,"* ]]; then continue; fi
    [[ $text =~ \"task\"[[:space:]]*:[[:space:]]*\"([a-z-]+)\" ]] || continue
    case ${BASH_REMATCH[1]} in
      embedding) echo "/v1/embeddings {\"model\":\"$name\",\"input\":\"Hello, world\"}" ;;
      text-classification) echo "/v1/classify {\"model\":\"$name\",\"input\":\"Hello, world\"}" ;;
      text-generation) echo "/v1/chat/completions {\"model\":\"$name\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}" ;;
      *) continue ;;
    esac
    return
  done
}

# failed_models PORT… — prints a line for each model folder that the workers there could not load, and why.
failed_models() {
  local worker detail
  for worker; do
    detail=$(models_detail "$worker") || continue
    if [[ $detail == *'Not served: '* ]]; then printf '%s\n' "${detail#*Not served: }" | sed 's/ \?Not served: /\n/g'; fi
  done | sort -u
}

redis_is_ready() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'PING\r\n' >&3 && read -rt 5 -u 3 answer && [[ $answer == +PONG* ]]
  ) 2>/dev/null
}
