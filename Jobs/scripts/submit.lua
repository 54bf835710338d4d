#!lua
-- include bytes.lua
-- Submits jobs. A job whose id exists already is left as it is. While no job waits, jobs are leased at once to workers that have offered to
-- run more, and sent to them.
-- ARGV: most waiting jobs, most waiting jobs of one tenant, most bytes of one tenant, then for each job: id, tenant, lane, ms to the
--       deadline, the rest of its head, body, expected bytes of its result, '1' to return its place
-- Returns {now, waiting jobs, ended jobs per second in thousandths (0 when no job was refused), then for each job its outcome and its place
-- or -1}. The outcome is 0 when the job is accepted, 1 when it exists already, 2 when the queue is full, 3 when the tenant's limit of jobs
-- is reached, 4 when the tenant's limit of bytes is reached.
local args, waiting = ARGV, depth()
local room, most_of_tenant, most_bytes = args[1] - waiting, args[2] + 0, args[3] + 0
local outcomes, accepted, deadlines = {now, waiting, 0, nil, nil}, 0, {nil, nil}

-- Most bytes of jobs that are sent to workers, which Redis would disconnect if much waited for them.
local largest_handed = 65536

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

-- For each tenant: its jobs, how many more jobs it may submit, the bytes of its records, the ids for its list, the bytes to count, and its
-- line in each lane. If the key of a lane or a line holds another type, this fails before anything is written.
local tenants, argument_bytes = {}, 0
for i = 4, #args, 8 do
  local name, lane = args[i + 1], args[i + 2]
  local tenant, is_first = tenants[name], false
  argument_bytes = argument_bytes + #args[i + 4] + #args[i + 5]
  if not tenant then
    -- Usually no job waits, and nothing more needs to be read.
    is_first = call('EXISTS', line_key('i', name), line_key('d', name), line_key('b', name), lane_key(lane), fair_key(lane)) == 0
    tenant = {room = most_of_tenant - (is_first and 0 or depth_of(name)), used = bytes_of(name), list = {nil, nil}, slots = {}, jobs = 0}
    tenants[name] = tenant
  end
  tenant.jobs = tenant.jobs + 1
  if not tenant[lane] then
    tenant[lane] = {nil, nil, is_first = is_first, is_in = not is_first and call('ZSCORE', lane_key(lane), name) and true}
  end
end

-- Finds workers that have offered to run all jobs of this call, if no job waits; nil when there are none. Two offers are read, so that of
-- two workers the one gets a job that runs fewer.
local function takers()
  local found, room, most_running, offers = mild('HRANDFIELD', base .. 'offers', '2', 'WITHVALUES'), 0, math.huge, {nil, nil}
  if #found == 0 or argument_bytes > largest_handed or call('EXISTS', base .. 'paused') == 1 then return nil end
  -- If this key holds another type, this fails before anything is written. The other one, leases, has been read.
  call('HLEN', base .. 'state')
  for i = 1, #found, 2 do
    local worker = found[i]
    local held, free, lease, most, till, handed = string.match(found[i + 1], '^1 (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) %d+$')
    -- Nobody listens for a worker that has died. In a cluster its connection may be at another node; then it gets its jobs by leasing.
    local is_there = held and till > now_ms
    if is_there and free ~= '0' then
      local listeners = redis.pcall('PUBSUB', 'NUMSUB', 'ai:worker:' .. worker)
      is_there = (listeners[2] or 0) > 0
    end
    if not is_there then call('HDEL', base .. 'offers', worker)
    elseif free ~= '0' then
      offers[#offers + 1] = {
        worker = worker, held = held + 0, room = free + 0, lease = lease, most_running = most, till = till, handed = handed + 0,
        lease_end = whole(now + lease), said = {'leased ' .. string.sub(base, 5, -3) .. ' ' .. now_ms .. '\n'},
      }
      room = room + free
      if most ~= '0' then most_running = math.min(most_running, most + 0) end
    end
  end
  if room < (#args - 3) / 8 then return nil end
  if most_running ~= math.huge then
    for name, tenant in pairs(tenants) do
      if tenant.jobs + (tonumber(mild('HGET', base .. 'running', name) or 0) or 0) > most_running then return nil end
    end
  end
  return offers
end
local offers = waiting == 0 and takers() or nil
local leases, states, running
if offers then leases, states, running = {nil, nil}, {nil, nil}, {} end

-- Leases a job to the worker that runs the fewest, and adds the job to what that worker is told.
local function hand_over(id, name, record)
  local to = offers[1]
  local other = offers[2]
  if other and other.room > 0 and (to.room == 0 or other.held < to.held) then to = other end
  to.held, to.room, to.handed = to.held + 1, to.room - 1, to.handed + 1
  local state, last, said = leased_state(name, to.worker, '0'), #states, to.said
  states[last + 1], states[last + 2] = id, state
  leases[last + 1], leases[last + 2] = to.lease_end, id
  running[name] = (running[name] or 0) + 1
  last = #said
  said[last + 1], said[last + 2], said[last + 3] = id .. ' ' .. #state .. ' ' .. #record .. '\n', state, record
end

-- The jobs of one call keep their order: each is submitted a microsecond after the one before.
local us = string.sub('00' .. time[2], -3)

-- The jobs of one call usually have equal times.
local time_left, deadline, slot, placed

for i = 4, #args, 8 do
  local id, name, lane, rest, body = args[i], args[i + 1], args[i + 2], args[i + 4], args[i + 5]
  local tenant, bytes, outcome, place = tenants[name], #rest + #body + head_bytes + args[i + 6], 0, -1
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
      local list, last = tenant.list, #deadlines
      local last_of_list = #list
      if offers then hand_over(id, name, record)
      else
        local line = tenant[lane]
        local last_of_line = #line
        line[last_of_line + 1], line[last_of_line + 2] = accepted == 0 and now_ms .. us or whole(now * 1000 + us + accepted), id
      end
      list[last_of_list + 1], list[last_of_list + 2] = '0', id
      deadlines[last + 1], deadlines[last + 2] = deadline, id
      accepted = accepted + 1
      if args[i + 7] == '1' then
        if offers then place = 0
        else
          placed = placed or {}
          placed[#outcomes + 2] = {id = id, lane = lane, tenant = name}
        end
      end
    else
      outcome = 1
    end
  end
  local last = #outcomes
  outcomes[last + 1], outcomes[last + 2] = outcome, place
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
  if offers then
    call('ZADD', base .. 'leases', unpack(leases))
    call('HSET', base .. 'state', unpack(states))
    for name, count in pairs(running) do count_running(name, count) end
    for _, to in ipairs(offers) do
      if #to.said > 1 then
        call('HSET', base .. 'offers', to.worker,
          format_offer(to.held, to.room, to.lease, to.most_running, to.till, to.handed, now_ms))
        call('PUBLISH', 'ai:worker:' .. to.worker, table.concat(to.said))
      end
    end
  else ring() end
end
return outcomes
