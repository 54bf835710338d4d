#!lua flags=allow-oom
-- include transitions.lua
-- Prolongs leases.
-- ARGV: lease in ms, then id and attempt of each job
-- Returns a number for each: 1 prolonged, 0 no longer this attempt's.
local until_ms, held = whole(now + tonumber(ARGV[1])), {}
for i = 2, #ARGV, 2 do
  local job = redis.call('HMGET', job_key(ARGV[i]), 'status', 'attempt')
  local ours = job[1] == 'running' and job[2] == ARGV[i + 1]
  if ours then redis.call('ZADD', base .. 'leases', 'XX', until_ms, ARGV[i]) end
  held[#held + 1] = ours and 1 or 0
end
return held
