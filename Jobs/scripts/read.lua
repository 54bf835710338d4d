#!lua flags=allow-oom
-- include transitions.lua
-- Reads a job and, while it has not ended, notes who wants to be told of its end: nothing can happen between the two.
-- ARGV: id, watcher or '', '1' to read the result too
-- Returns {fields and values, place in the queue or -1, result or ''}, or nothing when it is not there.
local id, watcher = ARGV[1], ARGV[2]
local key = job_key(id)
local job = redis.call('HMGET', key, 'status', 'watch')
if not job[1] then return nil end

if watcher ~= '' and (job[1] == 'queued' or job[1] == 'running') then
  local watchers = job[2] or ''
  if not string.find(' ' .. watchers .. ' ', ' ' .. watcher .. ' ', 1, true) then
    redis.call('HSET', key, 'watch', watchers == '' and watcher or watchers .. ' ' .. watcher)
  end
end

local output = ARGV[3] == '1' and redis.call('GET', base .. 'out:' .. id)
return {redis.call('HGETALL', key), redis.call('ZRANK', base .. 'queued', id) or -1, output or ''}
