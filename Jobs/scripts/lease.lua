#!lua flags=allow-oom
-- include lanes.lua
-- Leases the next jobs to a worker, and returns their records.
-- ARGV: worker, most jobs, most bytes of records (the first job is leased whatever its size), lease in ms, ms that the worker's wish for
--       more jobs is kept, most running jobs of one tenant (0: no limit), '1' when the worker runs nothing and leases nothing else
--       meanwhile, ttl in ms, ttl of events in ms, error of a job whose deadline has passed, error of a damaged job, jobs of this queue
--       that the worker runs, jobs of this call and of later submits together that it offers to run ('': its offer stays as it
--       was), jobs that submits have leased to it and that it has received
-- Returns {now, hint, expired jobs, skipped jobs of a newer version, {id and reason of each job that was put aside}, jobs that submits have
-- leased to the worker and that it has not received yet, jobs that it now offers to run, then id, state and record of each leased job}.
-- The hint is 1 when the one leased job must run alone; 2 when a waiting job must run alone, so the worker should become idle and ask
-- again; else 0.
local worker, most, most_bytes, idle = ARGV[1], ARGV[2] + 0, ARGV[3] + 0, ARGV[7] == '1'
local most_running = ARGV[6] == '0' and math.huge or ARGV[6] + 0

-- Redis copies tables that grow. These have room for one job from the start.
local reply = {now, 0, 0, 0, {}, 0, 0, nil, nil, nil}

-- What submits have leased to the worker takes room, also while the message is on its way. A message that is older was lost.
local makes_offer, handed, handed_at, longest_way = ARGV[13] ~= '', (tonumber(ARGV[14]) or 0), '0', 1000
if makes_offer then
  local sent, at = string.match(mild('HGET', base .. 'offers', worker) or '', ' (%d+) (%d+)$')
  if sent and now - at < longest_way and sent + 0 > handed then
    reply[6], handed, handed_at = sent - handed, sent + 0, at
    most = math.max(0, most - reply[6])
  end
end

-- These keys rarely exist, so one command checks all of them.
local special = call('EXISTS', base .. 'paused', base .. 'delayed', base .. 'alone', base .. 'passed') > 0
if special and call('EXISTS', base .. 'paused') == 1 then return reply end

-- If this key holds another type, this fails before anything is written. Lanes, lines and states are read before the first write, and
-- leases are written first.
call('ZCARD', base .. 'deadlines')

-- Functions for jobs that were leased before or cannot be leased. They are created on first use, because most calls do not need them.
local rare
local rarely = function()
  if rare then return rare end
-- include transitions.lua
  damaged_error, damaged_ttl = ARGV[11], ARGV[8]
  reply[5], rare = aside, {check = check_structure, line_up_again = line_up_again}

  function rare.expire(id, record)
    local head = string.sub(record, 1, string.find(record, '\n', 1, true) - 1)
    if abandon(id, head, 'expired', ARGV[10], ARGV[8], ARGV[9]) then reply[3] = reply[3] + 1 end
  end

  -- The state of a job that is leased again; nil when the state is damaged.
  function rare.lease_again(text, record)
    local state = parse_state(text)
    if not state then return nil end
    state.status, state.attempt, state.owner = 'r', whole(tonumber(state.attempt) + 1), worker
    note(state, 'r', created_in(record))
    return format_state(state)
  end

  -- Each job has its tenant and state, if they are known.
  function rare.put_all_aside(jobs)
    for _, job in ipairs(jobs) do put_aside(job.id, job.tenant, damage_of(head_of(job.id) or unreadable, job.state)) end
  end

  return rare
end -- rarely

local wants_alone = false
if special then
  local due = call('ZRANGEBYSCORE', base .. 'delayed', '-inf', now_ms, 'LIMIT', 0, most)
  wants_alone = call('ZCARD', base .. 'alone') > 0
  if wants_alone or #due > 0 then rarely().check() end
  for _, id in ipairs(due) do rare.line_up_again(id) end
  wants_alone = wants_alone or #due > 0 and call('ZCARD', base .. 'alone') > 0
end

local taken, records, tenant_of, bytes = {nil}, {nil}, {nil}, 0

-- Takes a job for this call. Returns false when the job does not fit the bytes that were asked for; it then stays in its line.
local function take(id, record, tenant)
  local count = #taken + 1
  if count > 1 and bytes + #record > most_bytes then return false end
  bytes = bytes + #record
  taken[count], records[count], tenant_of[count] = id, record, tenant
  return true
end

-- The times have equally many digits, so they compare as texts.
local function is_due(record) return deadline_in(record) > now_ms end

-- Jobs that cannot be read. They are put aside after the others have been leased.
local damaged = {}

-- Leases the taken jobs.
local function lease_all()
  local states, leases, fields, running, row = call('HMGET', base .. 'state', unpack(taken)), {nil, nil}, {nil, nil}, {}, 7
  local until_ms = whole(now + ARGV[4])
  for i, id in ipairs(taken) do
    local record, tenant, text = records[i], tenant_of[i], states[i]
    if text then text = rarely().lease_again(text, record)
    else text = leased_state(tenant, worker, elapsed(created_in(record))) end
    if text then
      local pair = #fields
      fields[pair + 1], fields[pair + 2] = id, text
      leases[pair + 1], leases[pair + 2] = until_ms, id
      running[tenant] = (running[tenant] or 0) + 1
      reply[row + 1], reply[row + 2], reply[row + 3] = id, text, record
      row = row + 3
    else
      damaged[#damaged + 1] = {id = id, tenant = tenant, state = false}
    end
  end
  if row == 7 then return end
  call('ZADD', base .. 'leases', unpack(leases))
  call('HSET', base .. 'state', unpack(fields))
  for tenant, count in pairs(running) do count_running(tenant, count) end
  tell_followers(taken)
end

-- A job whose worker process died twice runs alone: the next idle worker gets it, and one busy worker is asked to become idle.
if wants_alone then
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
        rare.expire(id, record)
      end
    end
    call('DEL', base .. 'emptied')
    if #taken > 0 then
      mild('HDEL', base .. 'offers', worker)
      lease_all()
      rare.put_all_aside(damaged)
      reply[2] = 1
      return reply
    end
  elseif call('SET', base .. 'emptied', worker, 'NX', 'PX', ARGV[4]) or redis.pcall('GET', base .. 'emptied') == worker then
    mild('HDEL', base .. 'offers', worker)
    reply[2] = 2
    return reply
  elseif call('PTTL', base .. 'emptied') < 0 then
    -- A mark that never expires would keep all workers from this job.
    call('DEL', base .. 'emptied')
  end
end

-- How many more jobs of a tenant may run, over all lanes.
local free = {}
local function free_of(tenant)
  local left = free[tenant]
  if not left then
    left = most_running
    if left ~= math.huge then left = left - (tonumber(mild('HGET', base .. 'running', tenant) or 0) or 0) end
    free[tenant] = left
  end
  return left
end

-- Reads a lane: the tenants that may have one more running job, in the order of their tags and no more than this call can serve, and the
-- lane's own tag, which does not matter while the lane has one tenant. A tenant that was at its limit of running jobs while others were
-- served is not served more later to compensate.
local nothing, page_size = {}, math.max(16, math.min(100, 2 * most))
local function look_into(lane)
  local tenants, own, from, last = {nil}, nil, '0', whole(page_size - 1)
  while true do
    local page = call('ZRANGE', lane_key(lane), from, last, 'WITHSCORES')
    if not own and #page > 2 then own = tonumber(mild('HGET', fair_key(lane), '') or 0) or 0 end
    for i = 1, #page, 2 do
      if free_of(page[i]) > 0 then
        -- `read` ids of the tenant's line were read. `ids` and `records` are the last few of them, and `at` is the next one to serve.
        tenants[#tenants + 1] = {
          name = page[i], tag = math.max(own or 0, page[i + 1] + 0), ids = nothing, records = nothing, at = 1, read = 0,
          is_read = false, served = {nil},
        }
      end
    end
    if #tenants >= most or #page < 2 * page_size then
      return {tenants = tenants, own = own, first = 1, rivals = #tenants > 1, passed = 0}
    end
    from, last = whole(last + 1), whole(last + page_size)
  end
end

-- Reads a few more jobs of a tenant. Returns false when there are no more.
local function read_on(lane, tenant, others)
  if tenant.is_read then return false end
  local ahead = math.max(1, math.min(16, math.ceil((most - #taken) / others)))
  local from = tenant.read == 0 and '0' or tenant.read
  local ids, keys = call('ZRANGE', line_key(lane, tenant.name), from, tenant.read + ahead - 1), {nil}
  tenant.read, tenant.is_read = tenant.read + #ids, #ids < ahead
  if #ids == 0 then return false end
  for i, id in ipairs(ids) do keys[i] = job_key(id) end
  tenant.ids, tenant.records, tenant.at = ids, call('MGET', unpack(keys)), 1
  return true
end

-- Limits the cost of a damaged or hostile record, which would move the lane's tags too far.
local largest_cost = 1e9

-- Skipped jobs: expired, damaged or missing. A call stops after this many, because a script blocks Redis.
local most_passed_over, passed_over = 200, 0

-- Serves the lane's first tenant. Returns whether a job was taken, and whether the call must stop.
local function serve(lane, state)
  local tenants = state.tenants
  while state.first <= #tenants do
    local tenant = tenants[state.first]
    local at = tenant.at
    local id = tenant.ids[at]
    if free_of(tenant.name) <= 0 or not id and not read_on(lane, tenant, #tenants - state.first + 1) then
      -- No more jobs of this tenant can be leased now.
      state.first = state.first + 1
    elseif id then
      local record = tenant.records[at]
      local is_whole = record and is_sound(record)
      if record and not is_whole and is_newer(record) then
        -- The job stays in its line, and the jobs after it are served.
        reply[4], tenant.at = reply[4] + 1, at + 1
        if reply[4] >= most_passed_over then state.first = state.first + 1 end
      elseif not is_whole or not is_due(record) then
        if passed_over == most_passed_over then return false, true end
        passed_over, tenant.at = passed_over + 1, at + 1
        state.expired, state.lost = state.expired or {}, state.lost or {}
        if is_whole then state.expired[#state.expired + 1] = {id = id, record = record}
        else state.lost[#state.lost + 1] = id end
        tenant.served[#tenant.served + 1] = id
      elseif not take(id, record, tenant.name) then
        return false, true
      else
        tenant.at = at + 1
        tenant.served[#tenant.served + 1] = id
        free[tenant.name] = free[tenant.name] - 1
        state.virtual = tenant.tag
        -- A tenant that is alone in its lane has no rivals, so its tag may stay.
        if state.rivals then tenant.tag = tenant.tag + math.min(tonumber((share_in(record))), largest_cost) end
        -- Moves the tenant to its place in the order of tags.
        local place = state.first
        while tenants[place + 1] and tenants[place + 1].tag <= tenant.tag do
          tenants[place] = tenants[place + 1]
          place = place + 1
        end
        tenants[place] = tenant
        return true, false
      end
    end
  end
  return false, false
end

-- Lanes are served in order. A lane that was passed over nine times while jobs waited in it is served first; the middle lane after eight
-- times, so that two starved lanes do not claim the same turn.
local states, waiting = {}, {nil}
-- EXISTS counts a key once for each time that it is named, so the sum tells which of the three keys exist.
local interactive, default, batch = lane_key('i'), lane_key('d'), lane_key('b')
local there = call('EXISTS', interactive, default, default, batch, batch, batch, batch)
for i, lane in ipairs(lanes) do
  if math.floor(there / 2 ^ (i - 1)) % 2 == 1 then
    states[lane] = look_into(lane)
    waiting[#waiting + 1] = lane
  end
end
if #waiting > 1 then
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
  for _, lane in ipairs(#waiting > 1 and order() or waiting) do
    local state, took = states[lane], false
    if state and state.first <= #state.tenants then took, full = serve(lane, state) end
    if took then served = lane end
    if took or full then break end
  end
  if not served then break end
  if #waiting > 1 then
    for lane, state in pairs(states) do
      if lane == served then state.passed = 0
      elseif state.first <= #state.tenants then state.passed = state.passed + 1 end
    end
  end
end

if passed_over > 0 then rarely().check() end
if #taken > 0 then lease_all() end

for _, lane in ipairs(waiting) do
  local state, key = states[lane], lane_key(lane)
  for _, tenant in ipairs(state.tenants) do
    if #tenant.served > 0 then
      local line, is_empty = line_key(lane, tenant.name), tenant.is_read and #tenant.served == tenant.read
      if not is_empty then
        call('ZREM', line, unpack(tenant.served))
        is_empty = not tenant.is_read and call('EXISTS', line) == 0
      end
      if is_empty and not state.own then
        -- An empty lane drops all tags.
        call('DEL', line, key, fair_key(lane))
        state.virtual = nil
      elseif is_empty then
        call('DEL', line)
        leave(lane, tenant.name, tenant.tag)
      else
        if not state.own then
          tenant.tag = math.max(tenant.tag, tonumber(mild('HGET', fair_key(lane), '') or 0) or 0)
          state.virtual = state.virtual and tenant.tag
        end
        call('ZADD', key, whole(tenant.tag), tenant.name)
      end
    end
  end
  if state.virtual and (not state.own or call('EXISTS', key) == 1) then call('HSET', fair_key(lane), '', whole(state.virtual)) end
  if state.lost then
    for _, id in ipairs(state.lost) do
      if call('EXISTS', job_key(id)) == 1 then
        damaged[#damaged + 1] = {id = id}
      else
        call('ZREM', base .. 'deadlines', id)
        call('HDEL', base .. 'state', id)
      end
    end
    for _, job in ipairs(state.expired) do rare.expire(job.id, job.record) end
  end
end
if #waiting > 1 then
  call('HSET', base .. 'passed', 'd', states.d and states.d.first <= #states.d.tenants and states.d.passed or 0,
    'b', states.b and states.b.first <= #states.b.tenants and states.b.passed or 0)
elseif special then
  call('DEL', base .. 'passed')
end

local has_room = #taken < most and not full
if has_room then call('SET', base .. 'waiting', worker, 'PX', ARGV[5]) end
if makes_offer then
  local held = whole(ARGV[12] + reply[6] + #taken)
  reply[7] = has_room and math.max(0, ARGV[13] - reply[6] - #taken) or 0
  call('HSET', base .. 'offers', worker,
    format_offer(held, whole(reply[7]), ARGV[4], ARGV[6], whole(now + ARGV[5]), whole(handed), handed_at))
  call('PEXPIRE', base .. 'offers', ARGV[5])
end
-- More skipped jobs may follow, so the workers are told to ask again at once.
if passed_over == most_passed_over then call('PUBLISH', base .. 'doorbell', '') end
if #damaged > 0 then rarely().put_all_aside(damaged) end
return reply
