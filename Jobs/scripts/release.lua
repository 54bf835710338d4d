#!lua flags=allow-oom
-- include transitions.lua
-- Gives a job back that has no result. Without an error it takes its place in the queue again (the worker stops) and
-- nothing is counted; with one it has failed once more, and is tried again later or has failed for good.
-- ARGV: id, attempt, error (JSON) or '', delay in ms before the first retry (doubled each time), most failures, ttl in ms
-- Returns 1 when it waits again, 2 when it has failed for good, 0 when the attempt no longer holds the lease.
local id, attempt, error, delay, most, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local key = job_key(id)
local job = redis.call('HMGET', key, 'status', 'attempt')
if job[1] ~= 'running' or job[2] ~= attempt then return 0 end

redis.call('ZREM', base .. 'leases', id)
if error == '' then
  enqueue(id)
  ring()
  return 1
end

local failures = redis.call('HINCRBY', key, 'failures', 1)
if failures >= most then
  finish(id, 'failed', error, ttl)
  return 2
end

redis.call('HSET', key, 'status', 'queued')
redis.call('HDEL', key, 'owner')
redis.call('ZADD', base .. 'delayed', whole(now + delay * 2 ^ (failures - 1)), id)
return 1
