#!lua
-- include bytes.lua
-- Writes jobs and makes them wait. An id that is there already is left as it is.
-- ARGV: most jobs that may wait, most that may wait of one tenant, most bytes of one tenant, then of each job: id, tenant, lane, ms to
--       the deadline, the rest of its head, body, bytes that its result is expected to take, '1' to tell its place
-- Returns {now, jobs that wait, jobs ended a second in thousandths (0 when none was refused), then an outcome for each: 0 accepted,
-- 1 there already, 2 the queue is full, 3 the tenant's limit of jobs is reached, 4 that of bytes; and its place, or -1}.
local most, most_of_tenant, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used, changes, placed = {}, {}, {}
local room, room_of, lines, indexes, deadlines = most - depth(), {}, {}, {}, {}
local outcomes, accepted, refused, deadline_of = {now, most - room, 0}, 0, false, {}

-- What stands in every record besides the arguments: version, times, lane, the tabs behind them, and the line's end.
local head_bytes = #('1\t' .. now_ms .. '\t' .. now_ms .. '\ti\t\n')

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
for i = 6, #ARGV, 8 do
  if not checked[ARGV[i]] then
    call('ZCARD', lane_key(ARGV[i]))
    checked[ARGV[i]] = true
  end
end

for i = 4, #ARGV, 8 do
  local id, tenant, lane = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  room_of[tenant] = room_of[tenant] or most_of_tenant - depth_of(tenant)
  used[tenant] = used[tenant] or bytes_of(tenant)
  local bytes = #ARGV[i + 4] + #ARGV[i + 5] + head_bytes + tonumber(ARGV[i + 6])
  local outcome = 0
  if room <= 0 then outcome = refusal(id, 2)
  elseif room_of[tenant] <= 0 then outcome = refusal(id, 3)
  -- One job is always taken, or a limit below its size would refuse it for ever.
  elseif used[tenant] > 0 and used[tenant] + bytes > most_bytes then outcome = refusal(id, 4)
  else
    local deadline = deadline_of[ARGV[i + 3]]
    if not deadline then
      deadline = whole(now + tonumber(ARGV[i + 3]))
      deadline_of[ARGV[i + 3]] = deadline
    end
    local record = '1\t' .. now_ms .. '\t' .. deadline .. '\t' .. lane .. '\t' .. ARGV[i + 4] .. '\n' .. ARGV[i + 5]
    if call('SET', job_key(id), record, 'NX') then
      room, room_of[tenant], used[tenant] = room - 1, room_of[tenant] - 1, used[tenant] + bytes
      count_bytes(changes, tenant, waiting_slot(record), bytes)
      if ARGV[i + 7] == '1' then placed[#outcomes + 2] = {id = id, lane = lane, tenant = tenant} end
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
  outcomes[#outcomes + 1] = -1
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
  write_bytes(changes)
  for at, job in pairs(placed) do outcomes[at] = position_of(job.id, job) end
  ring()
end
if refused then outcomes[3] = drain_rate() end
return outcomes
