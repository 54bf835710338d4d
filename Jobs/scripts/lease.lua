#!lua flags=allow-oom
-- include transitions.lua
-- Gives a worker the jobs whose turn it is, with their records.
-- ARGV: worker, most jobs, most bytes of records (the first job is given whatever its size), lease in ms, ms that the worker's wish
--       for more is remembered, most running jobs of one tenant (0: any), '1' when the worker runs nothing and takes nothing else
--       meanwhile, ttl in ms, ttl of events in ms, error of a job whose deadline has passed, error of a damaged job
-- Returns {now, what else, jobs that were too late and ended, jobs of a newer version that were left, {id and reason of each job that was
-- put aside}, then id, state and record of each}.
-- What else: 1 the one job given must run alone, 2 a job waits that must run alone: come back when nothing runs, 0 neither.
local worker, most, most_bytes, lease, wish = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local most_running, idle = ARGV[6] == '0' and math.huge or tonumber(ARGV[6]), ARGV[7] == '1'
local ttl, events_ttl, expired_error = ARGV[8], ARGV[9], ARGV[10]

damaged_error, damaged_ttl = ARGV[11], ttl

if call('EXISTS', base .. 'paused') == 1 then return {now, 0, 0, 0, aside} end

-- Something else in their place fails here, before anything is written; lanes and lines are read before.
call('ZCARD', base .. 'leases')
call('ZCARD', base .. 'deadlines')
call('HLEN', base .. 'state')

for _, id in ipairs(call('ZRANGEBYSCORE', base .. 'delayed', '-inf', now_ms, 'LIMIT', 0, most)) do
  line_up_again(id)
end

local taken, records, tenant_of, bytes, expired = {}, {}, {}, 0, 0

-- Jobs that a newer version stored stay where they are, and those behind them have their turn.
local skipped = 0

-- False when the job does not fit what was asked for; it then stays where it is.
local function take(id, record, tenant)
  local count = #taken + 1
  if count > 1 and bytes + #record > most_bytes then return false end
  bytes = bytes + #record
  taken[count], records[count], tenant_of[count] = id, record, tenant
  return true
end

-- Times of the same number of digits: as texts they compare as numbers do.
local function is_due(record) return deadline_in(record) > now_ms end

local function expire(id, record)
  local head = string.sub(record, 1, string.find(record, '\n', 1, true) - 1)
  if abandon(id, head, 'expired', expired_error, ttl, events_ttl) then expired = expired + 1 end
end

-- Jobs that cannot be read, each with its tenant and state if known. They are put aside when the others have been handed out.
local damaged = {}
local function put_all_aside()
  for _, job in ipairs(damaged) do put_aside(job.id, job.tenant, damage_of(head_of(job.id) or unreadable, job.state)) end
end

-- Leases what was taken. Returns the script's reply.
local function hand_out(what_else)
  local reply = {now, what_else, expired, skipped, aside}
  if #taken == 0 then
    put_all_aside()
    return reply
  end
  local states, leases, running, fields = call('HMGET', base .. 'state', unpack(taken)), {}, {}, {}
  local until_ms = whole(now + lease)
  for i, id in ipairs(taken) do
    local record, tenant, text, state = records[i], tenant_of[i], nil, states[i] and parse_state(states[i])
    if state then
      state.status, state.attempt, state.owner = 'r', whole(tonumber(state.attempt) + 1), worker
      note(state, 'r', created_in(record))
      text = format_state(state)
    elseif not states[i] then
      text = 'r 1 0 0 0 ' .. tenant .. ' ' .. worker .. padding .. 'q0 r' .. elapsed(created_in(record))
    end
    if text then
      local pair, row = #fields, #reply
      fields[pair + 1], fields[pair + 2] = id, text
      leases[pair + 1], leases[pair + 2] = until_ms, id
      running[tenant] = (running[tenant] or 0) + 1
      reply[row + 1], reply[row + 2], reply[row + 3] = id, text, record
    else
      damaged[#damaged + 1] = {id = id, tenant = tenant, state = false}
    end
  end
  if #fields > 0 then
    call('HSET', base .. 'state', unpack(fields))
    call('ZADD', base .. 'leases', unpack(leases))
    for tenant, count in pairs(running) do count_running(tenant, count) end
    tell_followers(taken)
  end
  put_all_aside()
  return reply
end

-- A job that took its process down twice runs alone: the next idle worker gets it, and one busy worker is asked to become idle.
if call('ZCARD', base .. 'alone') > 0 then
  if idle then
    while #taken == 0 do
      local id = call('ZRANGE', base .. 'alone', 0, 0)[1]
      local record = id and redis.pcall('GET', job_key(id))
      if type(record) == 'table' then record = unreadable end
      if not id or record and is_newer(record) then break end
      call('ZREM', base .. 'alone', id)
      if record and not is_sound(record) then
        damaged[#damaged + 1] = {id = id}
      elseif record and is_due(record) then
        local _, tenant = share_in(record)
        take(id, record, tenant)
      elseif record then
        expire(id, record)
      end
    end
    call('DEL', base .. 'emptied')
    if #taken > 0 then return hand_out(1) end
  elseif call('SET', base .. 'emptied', worker, 'NX', 'PX', lease) or redis.pcall('GET', base .. 'emptied') == worker then
    return {now, 2, expired, 0, aside}
  elseif call('PTTL', base .. 'emptied') < 0 then
    -- A mark without an end would keep everybody from it.
    call('DEL', base .. 'emptied')
  end
end

-- How many more jobs of a tenant may run, of whatever lane.
local free = {}
local function free_of(tenant)
  if not free[tenant] then
    free[tenant] = most_running
    if most_running ~= math.huge then
      free[tenant] = most_running - (tonumber(mild('HGET', base .. 'running', tenant) or 0) or 0)
    end
  end
  return free[tenant]
end

-- The tenants of a lane that may have one more job run, in the order of their tags: no more than could be served now. One that
-- had its most jobs running while others were served does not make up for it.
local function tenants_of(lane)
  local tenants, from, virtual = {}, 0, tonumber(mild('HGET', fair_key(lane), '') or 0) or 0
  while #tenants < most do
    local page = call('ZRANGE', lane_key(lane), from, from + 99, 'WITHSCORES')
    if #page == 0 then break end
    from = from + 100
    for i = 1, #page, 2 do
      if free_of(page[i]) > 0 then
        tenants[#tenants + 1] = {name = page[i], tag = math.max(virtual, tonumber(page[i + 1])), line = {}, served = {}, skipped = 0}
      end
    end
  end
  return tenants
end

-- The tenant's next job, read ahead a few at a time; nil when its line is empty.
local function peek(lane, tenant, others)
  if #tenant.line == 0 then
    local ahead = math.max(1, math.min(16, math.ceil((most - #taken) / others)))
    local from = #tenant.served + tenant.skipped
    local ids = call('ZRANGE', line_key(lane, tenant.name), from, from + ahead - 1)
    if #ids == 0 then return nil end
    local keys = {}
    for i, id in ipairs(ids) do keys[i] = job_key(id) end
    local found = call('MGET', unpack(keys))
    for i = #ids, 1, -1 do tenant.line[#tenant.line + 1] = {id = ids[i], record = found[i]} end
  end
  return tenant.line[#tenant.line]
end

-- A cost that cannot be meant must not carry a lane's tags away.
local largest_cost = 1e9

-- Jobs that are passed over: too late, damaged, or not there. A call stops at so many, for it must not hold Redis for long.
local most_passed_over, passed_over = 200, 0

-- Serves the lane's first tenant. Returns whether a job was taken, and whether the call must stop.
local function serve(lane, state)
  while #state.tenants > 0 do
    local tenant = state.tenants[1]
    local job = free_of(tenant.name) > 0 and peek(lane, tenant, #state.tenants)
    local is_whole = job and job.record and is_sound(job.record)
    if not job then
      -- Nothing (more) of this tenant can be given now.
      table.insert(state.done, table.remove(state.tenants, 1))
    elseif job.record and not is_whole and is_newer(job.record) then
      skipped = skipped + 1
      tenant.skipped = tenant.skipped + 1
      table.remove(tenant.line)
      if skipped >= most_passed_over then table.insert(state.done, table.remove(state.tenants, 1)) end
    elseif not is_whole or not is_due(job.record) then
      if passed_over == most_passed_over then return false, true end
      passed_over = passed_over + 1
      table.remove(tenant.line)
      if is_whole then state.expired[#state.expired + 1] = job
      else state.lost[#state.lost + 1] = job.id end
      tenant.served[#tenant.served + 1] = job.id
    elseif not take(job.id, job.record, tenant.name) then
      return false, true
    else
      table.remove(tenant.line)
      tenant.served[#tenant.served + 1] = job.id
      free[tenant.name] = free[tenant.name] - 1
      state.virtual = tenant.tag
      -- A tenant that is alone in its lane is nobody's rival: its tag may stay.
      if state.rivals then tenant.tag = tenant.tag + math.min(tonumber((share_in(job.record))), largest_cost) end
      -- Back into the order of tags.
      local place = 1
      while state.tenants[place + 1] and state.tenants[place + 1].tag <= tenant.tag do
        state.tenants[place] = state.tenants[place + 1]
        place = place + 1
      end
      state.tenants[place] = tenant
      return true, false
    end
  end
  return false, false
end

-- Lanes are served in their order; one that was passed over nine times while jobs waited in it comes first. The middle lane
-- comes a job earlier, so that two starved lanes do not claim the same turn.
local states, waiting = {}, 0
for _, lane in ipairs(lanes) do
  if call('EXISTS', lane_key(lane)) == 1 then
    local tenants = tenants_of(lane)
    states[lane] = {tenants = tenants, rivals = #tenants > 1, done = {}, expired = {}, lost = {}, passed = 0}
    waiting = waiting + 1
  end
end
if waiting > 1 then
  local passed = mild('HMGET', base .. 'passed', 'd', 'b')
  if states.d then states.d.passed = tonumber(passed[1] or 0) or 0 end
  if states.b then states.b.passed = tonumber(passed[2] or 0) or 0 end
end

local function order()
  if states.b and states.b.passed >= 9 then return {'b', 'd', 'i'} end
  if states.d and states.d.passed >= 8 then return {'d', 'i', 'b'} end
  return lanes
end

local full = false
while #taken < most and not full do
  local served
  for _, lane in ipairs(order()) do
    local state, took = states[lane], false
    if state and #state.tenants > 0 then took, full = serve(lane, state) end
    if took then served = lane end
    if took or full then break end
  end
  if not served then break end
  for lane, state in pairs(states) do
    if lane == served then state.passed = 0
    elseif #state.tenants > 0 then state.passed = state.passed + 1 end
  end
end

for lane, state in pairs(states) do
  for _, tenant in ipairs(state.tenants) do state.done[#state.done + 1] = tenant end
  for _, tenant in ipairs(state.done) do
    if #tenant.served > 0 then
      local line = line_key(lane, tenant.name)
      call('ZREM', line, unpack(tenant.served))
      if call('EXISTS', line) == 0 then leave(lane, tenant.name, tenant.tag)
      else call('ZADD', lane_key(lane), whole(tenant.tag), tenant.name) end
    end
  end
  if state.virtual and call('EXISTS', lane_key(lane)) == 1 then call('HSET', fair_key(lane), '', whole(state.virtual)) end
  for _, id in ipairs(state.lost) do
    if call('EXISTS', job_key(id)) == 1 then
      damaged[#damaged + 1] = {id = id}
    else
      call('ZREM', base .. 'deadlines', id)
      call('HDEL', base .. 'state', id)
    end
  end
  for _, job in ipairs(state.expired) do expire(job.id, job.record) end
end
if waiting > 1 then
  call('HSET', base .. 'passed', 'd', states.d and #states.d.tenants > 0 and states.d.passed or 0,
    'b', states.b and #states.b.tenants > 0 and states.b.passed or 0)
else
  call('DEL', base .. 'passed')
end

if #taken < most and not full then call('SET', base .. 'waiting', worker, 'PX', wish) end
-- More may be due behind those: come again at once.
if passed_over == most_passed_over then call('PUBLISH', base .. 'doorbell', '') end
return hand_out(0)
