#!lua flags=allow-oom
-- include transitions.lua
-- Does the work that depends on time: requeues jobs with lost leases, ends jobs whose deadline has passed, requeues due retries, and
-- removes expired jobs from lists.
-- ARGV: ms in which no other process needs to sweep, most jobs of each kind, most lost leases of a job, ttl in ms, ttl of dead letters in
--       ms, ttl of events in ms, error of a passed deadline, error of too many lost leases, a random number from 0 to 1, error of a damaged
--       job
-- Returns {requeued lost leases, jobs that failed for lost leases, expired jobs, due retries, {id and reason of each job that was put
-- aside}}, or nothing when a sweep has just run.
local most, most_lost, ttl, dead_ttl, events_ttl = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local expired_error, lost_error, random = ARGV[7], ARGV[8], tonumber(ARGV[9])
damaged_error, damaged_ttl = ARGV[10], ttl
-- Every process sees a key of a wrong type, also when another one has just swept.
check_structure()
-- A mark that expires later than it could have been set was written before the clock was set back. One that never expires was not written
-- by this platform. Both are replaced.
if not call('SET', base .. 'swept', '', 'NX', 'PX', ARGV[1]) then
  local left = call('PTTL', base .. 'swept')
  if left >= 0 and left <= tonumber(ARGV[1]) then return nil end
  call('SET', base .. 'swept', '', 'PX', ARGV[1])
end

local function due(index) return call('ZRANGEBYSCORE', base .. index, '-inf', now_ms, 'LIMIT', 0, most) end
local counts = {0, 0, 0, 0}

for _, id in ipairs(due('deadlines')) do
  local head = head_of(id)
  if head and is_newer(head) then
    call('ZADD', base .. 'deadlines', whole(now + newer_later_ms), id)
  elseif head and not is_sound(head) then
    put_aside(id, nil, damage_of(head))
  elseif head and not ended_status(head) then
    if abandon(id, head, 'expired', expired_error, ttl, events_ttl) then counts[3] = counts[3] + 1 end
  else
    local state = state_of(id)
    if state and state.status == 'r' then count_running(state.tenant, -1) end
    call('ZREM', base .. 'deadlines', id)
    call('ZREM', base .. 'leases', id)
    call('HDEL', base .. 'state', id)
  end
end

for _, id in ipairs(due('leases')) do
  local head, state = head_of(id), state_of(id)
  if head and is_newer(head) then
    call('ZADD', base .. 'leases', whole(now + newer_later_ms), id)
  elseif head and (state == false or not is_sound(head)) then
    put_aside(id, nil, damage_of(head, state))
  elseif not head or not state then
    -- The state, which counts the attempts, is lost. The job waits again as if it never ran.
    if head and not ended_status(head) then enqueue(id, parse_head(head)) end
    call('ZREM', base .. 'leases', id)
  else
    interrupt(id, state)
    state.lost = state.lost + 1
    if state.lost >= most_lost then
      bury(id, head, state, lost_error, ttl, dead_ttl, events_ttl)
      counts[2] = counts[2] + 1
    else
      take_back(id, head, state, nil)
      counts[1] = counts[1] + 1
    end
  end
end

for _, id in ipairs(due('delayed')) do
  line_up_again(id)
  counts[4] = counts[4] + 1
end

forget_bytes(most)

-- Removes dead letters whose job has expired.
mild('ZREMRANGEBYSCORE', base .. 'dead', '-inf', whole(now - tonumber(dead_ttl)))

-- Checks the oldest jobs, and some random ones, of some tenants' lists. A tenant without a list is removed.
local function forget(list, from)
  for _, id in ipairs(mild('ZRANGE', list, from, from + most - 1)) do
    if call('EXISTS', job_key(id)) == 0 then call('ZREM', list, id) end
  end
end
for _, tenant in ipairs(mild('SRANDMEMBER', base .. 'tenants', 10)) do
  local list = base .. 'jobs:' .. tenant
  forget(list, 0)
  forget(list, math.floor(random * call('ZCARD', list)))
  if call('EXISTS', list) == 0 then call('SREM', base .. 'tenants', tenant) end
end

-- The tag of a tenant that does not wait is dropped once its lane has passed it.
for _, lane in ipairs(lanes) do
  local tags = mild('HGETALL', fair_key(lane))
  local virtual = tonumber(call('HGET', fair_key(lane), '') or 0) or 0
  for i = 1, #tags, 2 do
    if tags[i] ~= '' and (tonumber(tags[i + 1]) or 0) <= virtual then call('HDEL', fair_key(lane), tags[i]) end
  end
end

if counts[1] + counts[4] > 0 then ring() end
counts[5] = aside
return counts
