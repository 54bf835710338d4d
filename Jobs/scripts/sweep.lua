#!lua flags=allow-oom
-- include transitions.lua
-- Does what time demands: lost leases go back to the queue, passed deadlines end their jobs, due retries wait again.
-- ARGV: ms in which others need not sweep, most jobs of each kind, most lost leases, ttl in ms,
--       error of a passed deadline, error of too many lost leases
-- Returns {lost leases requeued, jobs failed for lost leases, expired, retries due}, or nothing when it was done just now.
local most, most_lost, ttl, expired, lost = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
if not redis.call('SET', base .. 'swept', '', 'NX', 'PX', ARGV[1]) then return nil end

local function due(index) return redis.call('ZRANGEBYSCORE', base .. index, '-inf', whole(now), 'LIMIT', 0, most) end
local counts = {0, 0, 0, 0}

for _, id in ipairs(due('deadlines')) do
  if redis.call('EXISTS', job_key(id)) == 1 then
    interrupt(id)
    finish(id, 'expired', expired, ttl)
    counts[3] = counts[3] + 1
  else
    redis.call('ZREM', base .. 'deadlines', id)
  end
end

for _, id in ipairs(due('leases')) do
  redis.call('ZREM', base .. 'leases', id)
  if redis.call('EXISTS', job_key(id)) == 1 then
    interrupt(id)
    if redis.call('HINCRBY', job_key(id), 'lost', 1) >= most_lost then
      finish(id, 'failed', lost, ttl)
      counts[2] = counts[2] + 1
    else
      enqueue(id)
      counts[1] = counts[1] + 1
    end
  end
end

for _, id in ipairs(due('delayed')) do
  redis.call('ZREM', base .. 'delayed', id)
  enqueue(id)
  counts[4] = counts[4] + 1
end

if counts[1] + counts[4] > 0 then ring() end
return counts
