#!lua flags=allow-oom
-- include transitions.lua
-- Gives a worker the jobs that waited longest, with their payloads.
-- ARGV: worker, most jobs, most bytes of payload (the first job is given whatever its size), lease in ms, ms that the
--       worker's wish for more is remembered, ttl in ms, error of a job whose deadline has passed, error of a lost payload
-- Returns a row for each: {id, attempt, endpoint, model, body, ms left, ms waited, traceparent or ''}.
local worker, most, most_bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lease, wish, ttl, expired, lost = tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7], ARGV[8]

for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. 'delayed', '-inf', whole(now), 'LIMIT', 0, most)) do
  redis.call('ZREM', base .. 'delayed', id)
  enqueue(id)
end

local rows, bytes, looked = {}, 0, 0
while #rows < most and looked < most + 100 do
  looked = looked + 1
  local id = redis.call('ZRANGE', base .. 'queued', 0, 0)[1]
  if not id then break end
  local key = job_key(id)
  local job = redis.call('HMGET', key, 'endpoint', 'model', 'deadline', 'created', 'traceparent')
  local size = redis.call('STRLEN', base .. 'in:' .. id)

  if not job[1] then
    redis.call('ZREM', base .. 'queued', id)
    redis.call('ZREM', base .. 'deadlines', id)
  elseif tonumber(job[3]) <= now then
    finish(id, 'expired', expired, ttl)
  elseif size == 0 then
    finish(id, 'failed', lost, ttl)
  else
    if #rows > 0 and bytes + size > most_bytes then return rows end
    bytes = bytes + size
    redis.call('ZREM', base .. 'queued', id)
    redis.call('ZADD', base .. 'leases', whole(now + lease), id)
    local attempt = redis.call('HINCRBY', key, 'attempt', 1)
    redis.call('HSET', key, 'status', 'running', 'owner', worker, 'started', whole(now))
    rows[#rows + 1] = {id, attempt, job[1], job[2], redis.call('GET', base .. 'in:' .. id), tonumber(job[3]) - now,
      now - tonumber(job[4]), job[5] or ''}
  end
end

if #rows < most then redis.call('SET', base .. 'waiting', worker, 'PX', wish) end
return rows
