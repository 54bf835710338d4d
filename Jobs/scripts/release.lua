#!lua flags=allow-oom
-- include transitions.lua
-- Returns a job without a result. Without an error, because the worker stops, the job takes its place in the queue again, and nothing is
-- counted. With an error, the failure is counted: the job is retried later, or becomes a dead letter.
-- ARGV: id, attempt, error (JSON) or '', delay in ms before the first retry (doubled each time, up to a day), most failures, ttl in ms, ttl
--       of dead letters in ms, ttl of events in ms
-- Returns 1 when the job waits again, 2 when it is a dead letter, 0 when the attempt no longer holds the lease.
local id, attempt, error, delay, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local longest_delay = 86400000
local state, head = state_of(id), head_of(id)
if not state or not head or not is_sound(head) or state.status ~= 'r' or state.attempt ~= attempt then return 0 end

check_structure()
if error == '' then
  take_back(id, head, state, nil)
  ring()
  return 1
end

state.failures = state.failures + 1
if state.failures >= most then
  bury(id, head, state, error, ARGV[6], ARGV[7], ARGV[8])
  return 2
end

take_back(id, head, state, now + math.min(delay * 2 ^ (state.failures - 1), longest_delay))
return 1
