-- include bytes.lua
-- The transitions of jobs that several scripts share.

local largest_published = 65536

-- Notifies the worker that runs a job that it has lost the job.
local function interrupt(id, state)
  call('PUBLISH', 'ai:worker:' .. state.owner, string.match(base, '{(.-)}') .. ' ' .. id .. ' ' .. state.attempt)
end

-- Notifies the Gateways that wait for jobs of their ends. Each Gateway gets one message for all of its jobs.
local function tell_watchers(jobs)
  local messages = {}
  local function tell(gateway, job)
    local message, start, part = messages[gateway], '', job.record
    if not message then start = 'ended ' .. string.sub(base, 5, -3) .. '\n' end
    if job.content_bytes <= largest_published then
      start = start .. job.id .. ' 1 ' .. whole(#part) .. '\n'
    else
      part = string.sub(part, 1, #part - job.content_bytes)
      start = start .. job.id .. ' 0 ' .. whole(#part) .. '\n'
    end
    if message then
      local last = #message
      message[last + 1], message[last + 2] = start, part
    else
      messages[gateway] = {start, part}
    end
  end
  for _, job in ipairs(jobs) do
    if messages[job.watchers] or not string.find(job.watchers, ' ', 1, true) then
      if job.watchers ~= '' then tell(job.watchers, job) end
    else
      for gateway in string.gmatch(job.watchers, '%S+') do tell(gateway, job) end
    end
  end
  for gateway, message in pairs(messages) do call('PUBLISH', 'ai:gateway:' .. gateway, table.concat(message)) end
end

-- Stores ended jobs: removes them from every index, sets their expiry, and notifies the watchers.
-- Each job has: id, tenant, leased (whether it ran), record (to be stored), content_bytes (of the record), watchers, dead, counted (the
-- bytes that count for it until now; nil when they must be read).
local function store_ended(jobs, ttl, dead_ttl)
  if #jobs == 0 then return end
  local ids, dead, leased, running, changes = {nil}, {}, {nil}, {}, {}
  local gone, dead_gone = now + ttl, nil
  local gone_text = whole(gone)
  for i, job in ipairs(jobs) do
    ids[i] = job.id
    local key, goes, goes_text = job_key(job.id), gone, gone_text
    if job.dead then
      dead_gone = dead_gone or now + dead_ttl
      goes, goes_text = dead_gone, whole(dead_gone)
      dead[#dead + 1] = now_ms
      dead[#dead + 1] = job.id
    end
    local record, slots = job.record, changes[job.tenant]
    if not slots then
      slots = {}
      changes[job.tenant] = slots
    end
    local before, after = waiting_slot(record), kept_slot(record, goes)
    slots[before] = (slots[before] or 0) - (job.counted or bytes_in(key) + reserve_in(record))
    slots[after] = (slots[after] or 0) + #record
    call('SET', key, record, 'PXAT', goes_text)
    if job.leased then
      leased[#leased + 1] = job.id
      running[job.tenant] = (running[job.tenant] or 0) + 1
    end
  end

  if #leased > 0 then call('ZREM', base .. 'leases', unpack(leased)) end
  if #dead > 0 then mild('ZADD', base .. 'dead', unpack(dead)) end
  call('ZREM', base .. 'deadlines', unpack(ids))
  call('HDEL', base .. 'state', unpack(ids))
  for tenant, count in pairs(running) do count_running(tenant, -count) end
  for tenant, slots in pairs(changes) do write_bytes(tenant, slots) end
  drained(#jobs)
  local told = call('EXISTS', base .. 'watch', base .. 'follow') > 0
  if told and call('EXISTS', base .. 'watch') == 1 then
    for i, late in ipairs(mild('HMGET', base .. 'watch', unpack(ids))) do
      if late then jobs[i].watchers = jobs[i].watchers == '' and late or jobs[i].watchers .. ' ' .. late end
    end
    call('HDEL', base .. 'watch', unpack(ids))
  end
  tell_watchers(jobs)
  if told and call('EXISTS', base .. 'follow') == 1 then
    tell_followers(ids)
    call('HDEL', base .. 'follow', unpack(ids))
  end
end

-- The id and reason of each job that the script put aside, for its reply. The script first sets the error and the ttl of such jobs.
local aside, damaged_error, damaged_ttl = {}, nil, nil

local function damage_of(head, state)
  if head == unreadable then return 'its key holds something else than a record' end
  if not is_sound(head) then return 'its record has not the fields that it must have' end
  return state == false and 'its state has not the fields that it must have' or 'it cannot be read'
end

-- Unreadable records are kept in a stream for operators. If there are too many, or they are too large, the oldest ones are dropped.
local most_broken, most_broken_bytes = 1000, 67108864

local function keep_broken(id, tenant, why, kind, record, state)
  local key, sizes = base .. 'broken', base .. 'broken_sizes'
  -- An operator may have deleted the key, or written another type to it.
  if call('TYPE', key).ok ~= 'stream' then call('DEL', key, sizes) end
  if call('TYPE', sizes).ok ~= 'list' then call('DEL', sizes) end
  call('XADD', key, '*', 'job', id, 'tenant', tenant or '', 'why', why, 'kind', kind, 'record', record, 'state', state)
  call('RPUSH', sizes, #record + #state)
  local kept, sum = call('LRANGE', sizes, 0, -1), 0
  for _, size in ipairs(kept) do sum = sum + (tonumber(size) or 0) end
  local drop = 0
  while drop < #kept - 1 and (#kept - drop > most_broken or sum > most_broken_bytes) do
    drop = drop + 1
    sum = sum - (tonumber(kept[drop]) or 0)
  end
  if drop == 0 then return end
  call('XTRIM', key, 'MAXLEN', #kept - drop)
  call('LTRIM', sizes, drop, -1)
end

-- The tenant of a job, from the tenants' lists.
local function owner_of(id)
  for _, tenant in ipairs(mild('SRANDMEMBER', base .. 'tenants', 1000)) do
    if type(redis.pcall('ZSCORE', base .. 'jobs:' .. tenant, id)) == 'string' then return tenant end
  end
end

-- The time of a job's submit, from its id; nil when the id is invalid.
local letters = '0123456789abcdefghjkmnpqrstvwxyz'
local function submitted_at(id)
  if #id ~= 26 then return nil end
  local ms = 0
  for i = 1, 10 do ms = 32 * ms + (string.find(letters, string.sub(id, i, i), 1, true) or 1) - 1 end
  ms = whole(ms)
  return #ms == 13 and ms or now_ms
end

-- Puts a job aside whose record or state cannot be read, so that other jobs are not affected. The job leaves every list and fails; a copy
-- is kept.
local function put_aside(id, tenant, why)
  local key, kind = job_key(id), call('TYPE', job_key(id)).ok
  local record = kind == 'string' and call('GET', key) or kind ~= 'none' and call('DUMP', key) or ''
  local text = call('HGET', base .. 'state', id) or ''
  local state = text ~= '' and parse_state(text)
  tenant = tenant or is_sound(record) and parse_head(record).tenant or state and state.tenant or owner_of(id)
  keep_broken(id, tenant, why, kind, record, text)
  aside[#aside + 1] = id
  aside[#aside + 1] = why

  for _, index in ipairs({'delayed', 'alone', 'dead'}) do mild('ZREM', base .. index, id) end
  mild('HDEL', base .. 'progress', id)
  if state and state.status == 'r' then interrupt(id, state) end
  for _, lane in ipairs(tenant and lanes or {}) do
    local line = line_key(lane, tenant)
    if call('ZREM', line, id) == 1 and call('EXISTS', line) == 0 then
      leave(lane, tenant, tonumber(call('ZSCORE', lane_key(lane), tenant) or 0))
    end
  end

  local created, leased = submitted_at(id), call('ZSCORE', base .. 'leases', id) and true
  if not created or not tenant then
    call('DEL', key)
    for _, index in ipairs({'deadlines', 'leases'}) do call('ZREM', base .. index, id) end
    call('HDEL', base .. 'state', id)
    return
  end
  local start = string.sub(record, 1, 4096)
  local head = '1\t' .. created .. '\t' .. now_ms .. '\td\t1\t' .. tenant .. '\t' ..
    (string.match(start, '\t(/v1/[%l/]+)') or '/v1/embeddings') ..
    '\ts=failed\ta=' .. (state and state.attempt or '0') .. '\th=q0 f' .. elapsed(created) .. '\te=' .. damaged_error
  store_ended({{id = id, tenant = tenant, leased = leased, record = head .. '\n', content_bytes = 0,
    watchers = string.match(start, '\tw=([^%s]+)') or '', dead = false}}, damaged_ttl, damaged_ttl)
end

-- The record to store for a job that ends: status is the name, fields are those of the head, each after a tab.
local function ended_job(id, head, state, status, fields, content, dead, events_ttl)
  -- The last field, the Gateway that waits, is of no use once the job has ended.
  local watched = string.find(head, '\tw=', 1, true)
  local watchers, leased = watched and string.sub(head, watched + 3) or '', state.status == 'r'
  if watched then head = string.sub(head, 1, watched - 1) end
  note(state, string.sub(status, 1, 1), created_in(head))
  head = head .. '\ts=' .. status .. '\ta=' .. state.attempt .. '\th=' .. state.history .. fields
  if state.events > 0 then
    local progress = mild('HGET', base .. 'progress', id)
    if progress then
      if not string.find(progress, '%c') then head = head .. '\tp=' .. progress end
      call('HDEL', base .. 'progress', id)
    end
    call('PEXPIRE', base .. 'events:' .. id, events_ttl)
  end
  return {id = id, tenant = state.tenant, leased = leased, record = head .. '\n' .. content, content_bytes = #content,
    watchers = watchers, dead = dead}
end

-- Ends a job for good that failed or lost its lease too often. It becomes a dead letter, and keeps its body, so that it can be run again.
local function bury(id, head, state, error, ttl, dead_ttl, events_ttl)
  store_ended({ended_job(id, head, state, 'failed', '\te=' .. error, body_of(id), true, events_ttl)}, ttl, dead_ttl)
end

-- Ends a job without a result at once, whether it waits or runs. It keeps its body, so that it can be run again. Returns false when its
-- state was damaged, and the job was put aside instead.
local function abandon(id, head, status, error, ttl, events_ttl)
  local parsed, state = parse_head(head), state_of(id)
  if state == false then
    put_aside(id, parsed.tenant, damage_of(head, state))
    return false
  end
  state = state or first_state(parsed.tenant)
  if state.status == 'r' then interrupt(id, state) else dequeue(id, parsed) end
  store_ended({ended_job(id, head, state, status, '\te=' .. error, body_of(id), false, events_ttl)}, ttl, ttl)
  return true
end

-- Requeues a job that was leased before. It must run alone if its process died twice.
local function line_up(id, head, state)
  if state.lost > 1 then call('ZADD', base .. 'alone', head.created .. '000', id)
  else enqueue(id, head) end
end

-- Requeues a job whose delay is over. A job that no longer exists is dropped, and one of a newer version is delayed again.
local function line_up_again(id)
  local head, state = head_of(id), state_of(id)
  if head and is_newer(head) then return call('ZADD', base .. 'delayed', whole(now + newer_later_ms), id) end
  if head and (state == false or not is_sound(head)) then put_aside(id, nil, damage_of(head, state))
  elseif head and state then line_up(id, parse_head(head), state)
  elseif head and not ended_status(head) then enqueue(id, parse_head(head)) end
  call('ZREM', base .. 'delayed', id)
end

-- Takes the lease from a running job, which waits again now, or later if due is given. The caller has counted the reason.
local function take_back(id, head, state, due)
  local parsed = parse_head(head)
  -- This may fail if a line's key holds another type, so it comes first: then nothing has been changed.
  if due then call('ZADD', base .. 'delayed', whole(due), id)
  else line_up(id, parsed, state) end
  call('ZREM', base .. 'leases', id)
  count_running(state.tenant, -1)
  state.status, state.owner = 'q', '-'
  note(state, 'q', parsed.created)
  call('HSET', base .. 'state', id, format_state(state))
  tell_followers({id})
end
