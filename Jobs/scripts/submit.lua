#!lua
-- include lanes.lua
-- Writes jobs and makes them wait. An id that is there already is left as it is.
-- ARGV: most jobs that may wait, most that may wait of one tenant, then of each job: id, tenant, lane, ms to the deadline, the rest
--       of its head, body
-- Returns {now, jobs that wait, jobs ended a second in thousandths (0 when none was refused), then an outcome for each: 0 accepted,
-- 1 there already, 2 the queue is full, 3 the tenant's limit is reached}.
local most, most_of_tenant = tonumber(ARGV[1]), tonumber(ARGV[2])
local room, room_of, lines, indexes, deadlines = most - depth(), {}, {}, {}, {}
local outcomes, accepted, refused, deadline_of = {now, most - room, 0}, 0, false, {}

local function refusal(id, outcome)
  if call('EXISTS', job_key(id)) == 1 then return 1 end
  refused = true
  return outcome
end

-- Jobs that come together keep their order: each is a microsecond behind the one before.
local us = tonumber(string.sub(now_us, -3))
local function place_of(number)
  return us + number < 1000 and now_ms .. string.format('%03d', us + number) or whole(tonumber(now_us) + number)
end

-- Something else in a lane's place fails here, before anything is written.
local checked = {}
for i = 5, #ARGV, 6 do
  if not checked[ARGV[i]] then
    call('ZCARD', lane_key(ARGV[i]))
    checked[ARGV[i]] = true
  end
end

for i = 3, #ARGV, 6 do
  local id, tenant, lane = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  room_of[tenant] = room_of[tenant] or most_of_tenant - depth_of(tenant)
  local outcome = 0
  if room <= 0 then outcome = refusal(id, 2)
  elseif room_of[tenant] <= 0 then outcome = refusal(id, 3)
  else
    local deadline = deadline_of[ARGV[i + 3]]
    if not deadline then
      deadline = whole(now + tonumber(ARGV[i + 3]))
      deadline_of[ARGV[i + 3]] = deadline
    end
    local record = '1\t' .. now_ms .. '\t' .. deadline .. '\t' .. lane .. '\t' .. ARGV[i + 4] .. '\n' .. ARGV[i + 5]
    if call('SET', job_key(id), record, 'NX') then
      room, room_of[tenant] = room - 1, room_of[tenant] - 1
      local key = lane .. tenant
      local line = lines[key]
      if not line then
        line = {lane = lane, tenant = tenant}
        lines[key] = line
      end
      line[#line + 1] = place_of(accepted)
      line[#line + 1] = id
      local index = indexes[tenant]
      if not index then
        index = {}
        indexes[tenant] = index
      end
      index[#index + 1] = '0'
      index[#index + 1] = id
      deadlines[#deadlines + 1] = deadline
      deadlines[#deadlines + 1] = id
      accepted = accepted + 1
    else
      outcome = 1
    end
  end
  outcomes[#outcomes + 1] = outcome
end

-- A tenant's list forgets, at each submit, twice as many of its oldest jobs as were added, if they are there no more.
local function forget_oldest(index, count)
  for _ = 1, 2 * count do
    local oldest = call('ZRANGE', index, 0, 0)[1]
    if not oldest or call('EXISTS', job_key(oldest)) == 1 then return end
    call('ZREM', index, oldest)
  end
end

if accepted > 0 then
  call('ZADD', base .. 'deadlines', unpack(deadlines))
  for _, line in pairs(lines) do
    call('ZADD', line_key(line.lane, line.tenant), unpack(line))
    join(line.lane, line.tenant)
  end
  for tenant, index in pairs(indexes) do
    local key = base .. 'jobs:' .. tenant
    if mild('ZADD', key, unpack(index)) > 0 then forget_oldest(key, #index / 2) end
    mild('SADD', base .. 'tenants', tenant)
  end
  ring()
end
if refused then outcomes[3] = drain_rate() end
return outcomes
