#!lua
-- include bytes.lua
-- Submits jobs. A job whose id exists already is left as it is.
-- ARGV: most waiting jobs, most waiting jobs of one tenant, most bytes of one tenant, then for each job: id, tenant, lane, ms to the
--       deadline, the rest of its head, body, expected bytes of its result, '1' to return its place
-- Returns {now, waiting jobs, ended jobs per second in thousandths (0 when no job was refused), then for each job its outcome and its place
-- or -1}. The outcome is 0 when the job is accepted, 1 when it exists already, 2 when the queue is full, 3 when the tenant's limit of jobs
-- is reached, 4 when the tenant's limit of bytes is reached.
local args, waiting = ARGV, depth()
local room, most_of_tenant, most_bytes = args[1] - waiting, args[2] + 0, args[3] + 0
local outcomes, accepted, deadlines = {now, waiting, 0, nil, nil}, 0, {nil, nil}

-- The bytes of every record besides the arguments: version, times, lane, the tabs after them, and the line end.
local head_bytes = #('1\t' .. now_ms .. '\t' .. now_ms .. '\ti\t\n')

-- Functions for refused jobs. They are created on first use, because most calls do not need them.
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

-- For each tenant: how many more jobs it may submit, the bytes of its records, the ids for its list, the bytes to count, and its line in
-- each lane. If the key of a lane or a line holds another type, this fails before anything is written.
local tenants = {}
for i = 4, #args, 8 do
  local name, lane = args[i + 1], args[i + 2]
  local tenant, is_first = tenants[name], false
  if not tenant then
    -- Usually no job waits, and nothing more needs to be read.
    is_first = call('EXISTS', line_key('i', name), line_key('d', name), line_key('b', name), lane_key(lane), fair_key(lane)) == 0
    tenant = {room = most_of_tenant - (is_first and 0 or depth_of(name)), used = bytes_of(name), list = {nil, nil}, slots = {}}
    tenants[name] = tenant
  end
  if not tenant[lane] then
    tenant[lane] = {nil, nil, is_first = is_first, is_in = not is_first and call('ZSCORE', lane_key(lane), name) and true}
  end
end

-- The jobs of one call keep their order: each is submitted a microsecond after the one before.
local us = string.sub('00' .. time[2], -3)

-- The jobs of one call usually have equal times.
local time_left, deadline, slot, placed

for i = 4, #args, 8 do
  local id, name, lane, rest, body = args[i], args[i + 1], args[i + 2], args[i + 4], args[i + 5]
  local tenant, bytes, outcome = tenants[name], #rest + #body + head_bytes + args[i + 6], 0
  if room <= 0 then outcome = rarely()(id, 2)
  elseif tenant.room <= 0 then outcome = rarely()(id, 3)
  -- A tenant without bytes may always submit one job; else a limit below the job's size would refuse it forever.
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
        -- Each submit removes up to twice as many of the oldest jobs from a tenant's list as it added, if they no longer exist.
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
