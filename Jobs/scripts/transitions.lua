-- include lanes.lua
-- The changes of jobs that several scripts make.

local largest_published = 65536

-- Tells the worker that runs a job that it is no longer its own.
local function interrupt(id, state)
  call('PUBLISH', 'ai:worker:' .. state.owner, string.match(base, '{(.-)}') .. ' ' .. id .. ' ' .. state.attempt)
end

-- Tells the Gateways that show a job's events that there are new ones.
local function tell_followers(ids)
  if #ids == 0 or call('EXISTS', base .. 'follow') == 0 then return end
  local queue = string.match(base, '{(.-)}')
  for i, followers in ipairs(call('HMGET', base .. 'follow', unpack(ids))) do
    for gateway in string.gmatch(followers or '', '%S+') do
      call('PUBLISH', 'ai:gateway:' .. gateway, 'changed ' .. queue .. ' ' .. ids[i] .. '\n')
    end
  end
end

-- Tells the Gateways that wait for jobs how they ended, each with one message for all of its jobs.
local function tell_watchers(jobs)
  local messages, queue = {}, string.match(base, '{(.-)}')
  local function tell(gateway, job)
    local message = messages[gateway]
    if not message then
      message = {'ended ' .. queue .. '\n'}
      messages[gateway] = message
    end
    if job.content_bytes <= largest_published then
      message[#message + 1] = job.id .. ' 1 ' .. #job.record .. '\n'
      message[#message + 1] = job.record
    else
      local head = string.sub(job.record, 1, #job.record - job.content_bytes)
      message[#message + 1] = job.id .. ' 0 ' .. #head .. '\n' .. head
    end
  end
  for _, job in ipairs(jobs) do
    if not string.find(job.watchers, ' ', 1, true) then
      if job.watchers ~= '' then tell(job.watchers, job) end
    else
      for gateway in string.gmatch(job.watchers, '%S+') do tell(gateway, job) end
    end
  end
  for gateway, message in pairs(messages) do call('PUBLISH', 'ai:gateway:' .. gateway, table.concat(message)) end
end

-- Stores jobs that ended: out of every index, expiring, watchers told.
-- Each: id, tenant, leased (whether it ran), record (as it is to be stored), content_bytes (of the record), watchers, dead.
local function store_ended(jobs, ttl, dead_ttl)
  if #jobs == 0 then return end
  local ids, dead, leased, running = {}, {}, {}, {}
  for i, job in ipairs(jobs) do
    ids[i] = job.id
    call('SET', job_key(job.id), job.record, 'PX', job.dead and dead_ttl or ttl)
    if job.leased then
      leased[#leased + 1] = job.id
      running[job.tenant] = (running[job.tenant] or 0) + 1
    end
    if job.dead then
      dead[#dead + 1] = now_ms
      dead[#dead + 1] = job.id
    end
  end

  if #leased > 0 then call('ZREM', base .. 'leases', unpack(leased)) end
  if #dead > 0 then call('ZADD', base .. 'dead', unpack(dead)) end
  call('ZREM', base .. 'deadlines', unpack(ids))
  call('HDEL', base .. 'state', unpack(ids))
  for tenant, count in pairs(running) do count_running(tenant, -count) end
  drained(#jobs)
  if call('EXISTS', base .. 'watch') == 1 then
    for i, late in ipairs(call('HMGET', base .. 'watch', unpack(ids))) do
      if late then jobs[i].watchers = jobs[i].watchers == '' and late or jobs[i].watchers .. ' ' .. late end
    end
    call('HDEL', base .. 'watch', unpack(ids))
  end
  tell_watchers(jobs)
  if call('EXISTS', base .. 'follow') == 1 then
    tell_followers(ids)
    call('HDEL', base .. 'follow', unpack(ids))
  end
end

-- What is to be stored of a job that ends with this status (its name), fields (of the head, each behind a tab) and content.
local function ended_job(id, head, state, status, fields, content, dead, events_ttl)
  -- What follows the caller's own fields was of use only until now.
  local traced, watched = string.find(head, '\tt=', 1, true), string.find(head, '\tw=', 1, true)
  local watchers, leased = watched and string.sub(head, watched + 3) or '', state.status == 'r'
  if traced or watched then head = string.sub(head, 1, (traced or watched) - 1) end
  note(state, string.sub(status, 1, 1), created_in(head))
  head = head .. '\ts=' .. status .. '\ta=' .. state.attempt .. '\th=' .. state.history .. fields
  if state.events > 0 then
    local progress = call('HGET', base .. 'progress', id)
    if progress then
      head = head .. '\tp=' .. progress
      call('HDEL', base .. 'progress', id)
    end
    call('PEXPIRE', base .. 'events:' .. id, events_ttl)
  end
  return {id = id, tenant = state.tenant, leased = leased, record = head .. '\n' .. content, content_bytes = #content,
    watchers = watchers, dead = dead}
end

-- Ends a job for good whose run failed or was lost too often: it becomes a dead letter. Its body is kept, so that it can be run again.
local function bury(id, head, state, error, ttl, dead_ttl, events_ttl)
  store_ended({ended_job(id, head, state, 'failed', '\te=' .. error, body_of(id), true, events_ttl)}, ttl, dead_ttl)
end

-- Ends one job that nobody has a result of, at once, whether it waits or runs. Its body is kept, so that it can be run again.
local function abandon(id, head, status, error, ttl, events_ttl)
  local parsed = parse_head(head)
  local state = state_of(id) or first_state(parsed.tenant)
  if state.status == 'r' then interrupt(id, state) else dequeue(id, parsed) end
  store_ended({ended_job(id, head, state, status, '\te=' .. error, body_of(id), false, events_ttl)}, ttl, ttl)
end

-- Makes a job wait again that was leased before: alone when its process was lost twice.
local function line_up(id, head, state)
  if state.lost > 1 then call('ZADD', base .. 'alone', head.created .. '000', id)
  else enqueue(id, head) end
end

-- The same for a job whose delay is over; nothing happens when it is there no more, and later when a newer version stored it.
local function line_up_again(id)
  local head, state = head_of(id), state_of(id)
  if head and not is_known(head) then call('ZADD', base .. 'delayed', whole(now + newer_later_ms), id)
  elseif head and state then line_up(id, parse_head(head), state) end
end

-- Takes the lease from a job that runs; it waits again, now or (due given) later. The caller has counted why.
local function take_back(id, head, state, due)
  local parsed = parse_head(head)
  call('ZREM', base .. 'leases', id)
  count_running(state.tenant, -1)
  state.status, state.owner = 'q', '-'
  note(state, 'q', parsed.created)
  call('HSET', base .. 'state', id, format_state(state))
  if due then call('ZADD', base .. 'delayed', whole(due), id)
  else line_up(id, parsed, state) end
  tell_followers({id})
end
