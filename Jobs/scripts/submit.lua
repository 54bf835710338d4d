#!lua
-- include transitions.lua
-- Writes a job and makes it wait. The same id again changes nothing.
-- ARGV: id, most jobs that may wait, ms to the deadline, watcher or '', body, then pairs of further fields
-- Returns {outcome, depth}: 0 accepted, 1 there already, 2 the queue is full.
local id, limit, deadline, watcher, body = ARGV[1], tonumber(ARGV[2]), now + tonumber(ARGV[3]), ARGV[4], ARGV[5]
local key = job_key(id)
local depth = redis.call('ZCARD', base .. 'queued')

if redis.call('EXISTS', key) == 1 then return {1, depth} end
if depth >= limit then return {2, depth} end

local place = whole(now_us)
redis.call('HSET', key, 'status', 'queued', 'created', whole(now), 'deadline', whole(deadline), 'place', place, 'attempt', 0,
  unpack(ARGV, 6))
if watcher ~= '' then redis.call('HSET', key, 'watch', watcher) end
redis.call('SET', base .. 'in:' .. id, body)
redis.call('ZADD', base .. 'queued', place, id)
redis.call('ZADD', base .. 'deadlines', whole(deadline), id)
ring()
return {0, depth + 1}
