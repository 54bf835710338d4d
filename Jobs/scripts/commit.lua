#!lua flags=allow-oom
-- include transitions.lua
-- Stores the result of a job, if the attempt still holds its lease. Committing again what was committed changes nothing.
-- ARGV: id, attempt, 'succeeded' or 'failed', ttl in ms, error (JSON) or '', content type, usage (JSON) or '', result
-- Returns 1 when the result is this attempt's, 0 when it was refused.
local id, attempt, status, ttl, error = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = job_key(id)
local job = redis.call('HMGET', key, 'status', 'attempt')
if job[2] ~= attempt then return 0 end
if job[1] ~= 'running' then return job[1] == status and 1 or 0 end

if status == 'succeeded' then
  redis.call('SET', base .. 'out:' .. id, ARGV[8], 'PX', ttl)
  redis.call('HSET', key, 'output_type', ARGV[6])
  if ARGV[7] ~= '' then redis.call('HSET', key, 'usage', ARGV[7]) end
end
finish(id, status, error, ttl)
return 1
