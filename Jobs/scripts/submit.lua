#!lua
-- include bytes.lua
-- Writes jobs and makes them wait. An id that is there already is left as it is.
-- ARGV: most jobs that may wait, most that may wait of one tenant, most bytes of one tenant, then of each job: id, tenant, lane, ms to
--       the deadline, the rest of its head, body, bytes that its result is expected to take, '1' to tell its place
-- Returns {now, jobs that wait, jobs ended a second in thousandths (0 when none was refused), then an outcome for each: 0 accepted,
-- 1 there already, 2 the queue is full, 3 the tenant's limit of jobs is reached, 4 that of bytes; and its place, or -1}.
local args, waiting = ARGV, depth()
local room, most_of_tenant, most_bytes = args[1] - waiting, args[2] + 0, args[3] + 0
local outcomes, accepted, deadlines = {now, waiting, 0, nil, nil}, 0, {nil, nil}

-- What stands in every record besides the arguments: version, times, lane, the tabs behind them, and the line's end.
local head_bytes = #('1\t' .. now_ms .. '\t' .. now_ms .. '\ti\t\n')

-- What is rarely needed, made when it is: for jobs that are refused.
local rare
local rarely = function()
  if rare then return rare end
  local rate = drain_rate()
  rare = function(id, outcome)
    if call('EXISTS', job_key(id)) == 1 then return 1 end
    outcomes[3] = rate
    return outcome
  end
  return rare
end -- rarely

-- Of each tenant: what it may still submit, what its records take, the ids for its list, the bytes to count, and its line of each lane.
-- Something else in the place of a lane or a line fails here, before anything is written.
local tenants = {}
for i = 4, #args, 8 do
  local name, lane = args[i + 1], args[i + 2]
  local tenant, is_first = tenants[name], false
  if not tenant then
    -- Mostly nobody waits, and nothing need be looked at.
    is_first = call('EXISTS', line_key('i', name), line_key('d', name), line_key('b', name), lane_key(lane), fair_key(lane)) == 0
    tenant = {room = most_of_tenant - (is_first and 0 or depth_of(name)), used = bytes_of(name), list = {nil, nil}, slots = {}}
    tenants[name] = tenant
  end
  if not tenant[lane] then
    tenant[lane] = {nil, nil, is_first = is_first, is_in = not is_first and call('ZSCORE', lane_key(lane), name) and true}
  end
end

-- Jobs that come together keep their order: each is a microsecond behind the one before.
local us = string.sub('00' .. time[2], -3)

-- Jobs that come together mostly have equal times.
local time_left, deadline, slot, placed

for i = 4, #args, 8 do
  local id, name, lane, rest, body = args[i], args[i + 1], args[i + 2], args[i + 4], args[i + 5]
  local tenant, bytes, outcome = tenants[name], #rest + #body + head_bytes + args[i + 6], 0
  if room <= 0 then outcome = rarely()(id, 2)
  elseif tenant.room <= 0 then outcome = rarely()(id, 3)
  -- One job is always taken, or a limit below its size would refuse it for ever.
  elseif tenant.used > 0 and tenant.used + bytes > most_bytes then outcome = rarely()(id, 4)
  else
    if args[i + 3] ~= time_left then
      time_left = args[i + 3]
      local gone = now + time_left
      deadline, slot = whole(gone), slot_of(now, gone)
    end
    local record = '1\t' .. now_ms .. '\t' .. deadline .. '\t' .. lane .. '\t' .. rest .. '\n' .. body
    if call('SET', job_key(id), record, 'NX') then
      room, tenant.room, tenant.used = room - 1, tenant.room - 1, tenant.used + bytes
      tenant.slots[slot] = (tenant.slots[slot] or 0) + bytes
      local line, list, last = tenant[lane], tenant.list, #deadlines
      local last_of_line, last_of_list = #line, #list
      line[last_of_line + 1], line[last_of_line + 2] = accepted == 0 and now_ms .. us or whole(now * 1000 + us + accepted), id
      list[last_of_list + 1], list[last_of_list + 2] = '0', id
      deadlines[last + 1], deadlines[last + 2] = deadline, id
      accepted = accepted + 1
      if args[i + 7] == '1' then
        placed = placed or {}
        placed[#outcomes + 2] = {id = id, lane = lane, tenant = name}
      end
    else
      outcome = 1
    end
  end
  local last = #outcomes
  outcomes[last + 1], outcomes[last + 2] = outcome, -1
end

if accepted > 0 then
  call('ZADD', base .. 'deadlines', unpack(deadlines))
  for name, tenant in pairs(tenants) do
    for _, lane in ipairs(lanes) do
      local line = tenant[lane]
      if line and #line > 0 then
        call('ZADD', line_key(lane, name), unpack(line))
        if line.is_first then call('ZADD', lane_key(lane), '0', name)
        elseif not line.is_in then join(lane, name) end
      end
    end
    if #tenant.list > 0 then
      local list = base .. 'jobs:' .. name
      if mild('ZADD', list, unpack(tenant.list)) > 0 then
        -- A tenant's list forgets, at each submit, twice as many of its oldest jobs as were added, if they are there no more.
        for _ = 1, #tenant.list do
          local oldest = call('ZRANGE', list, '0', '0')[1]
          if not oldest or call('EXISTS', job_key(oldest)) == 1 then break end
          call('ZREM', list, oldest)
        end
      end
      mild('SADD', base .. 'tenants', name)
      write_bytes(name, tenant.slots)
    end
  end
  if placed then
    for at, job in pairs(placed) do outcomes[at] = position_of(job.id, job) end
  end
  ring()
end
return outcomes
