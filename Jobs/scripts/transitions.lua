-- include clock.lua
-- Shared by the scripts that change jobs.

local function job_key(id) return base .. 'job:' .. id end

-- Tells whoever waits for work that there is some. Each waiter is woken once.
local function ring()
  if redis.call('DEL', base .. 'waiting') == 1 then redis.call('PUBLISH', base .. 'doorbell', '') end
end

-- Makes a job wait again in the place that it had.
local function enqueue(id)
  redis.call('HSET', job_key(id), 'status', 'queued')
  redis.call('HDEL', job_key(id), 'owner')
  redis.call('ZADD', base .. 'queued', redis.call('HGET', job_key(id), 'place'), id)
end

-- Ends a job: out of every index, expiring, watchers told. The result must be stored before.
local function finish(id, status, error, ttl)
  local key = job_key(id)
  redis.call('ZREM', base .. 'queued', id)
  redis.call('ZREM', base .. 'delayed', id)
  redis.call('ZREM', base .. 'leases', id)
  redis.call('ZREM', base .. 'deadlines', id)
  local record = redis.call('HMGET', key, 'watch', 'attempt', 'output_type')
  redis.call('HSET', key, 'status', status, 'finished', whole(now))
  if error ~= '' then redis.call('HSET', key, 'error', error) end
  redis.call('HDEL', key, 'owner', 'watch')
  redis.call('PEXPIRE', key, ttl)
  if status == 'succeeded' then redis.call('DEL', base .. 'in:' .. id)
  else redis.call('PEXPIRE', base .. 'in:' .. id, ttl) end

  if not record[1] then return end
  local out = ''
  if status == 'succeeded' and redis.call('STRLEN', base .. 'out:' .. id) <= 65536 then
    out = redis.call('GET', base .. 'out:' .. id)
  end
  local queue = string.match(base, '{(.-)}')
  local message = queue .. ' ' .. id .. ' ' .. status .. ' ' .. record[2] .. ' ' .. (record[3] or '') .. '\n' .. out
  for gateway in string.gmatch(record[1], '%S+') do redis.call('PUBLISH', 'ai:gateway:' .. gateway, message) end
end

-- Tells the worker that runs a job that it is no longer its own.
local function interrupt(id)
  local record = redis.call('HMGET', job_key(id), 'owner', 'attempt')
  if record[1] then
    redis.call('PUBLISH', 'ai:worker:' .. record[1], string.match(base, '{(.-)}') .. ' ' .. id .. ' ' .. record[2])
  end
end
