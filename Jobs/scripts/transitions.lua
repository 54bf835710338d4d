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
-- ended: {id, head, content, Gateways to tell} of each.
local function tell_watchers(ended)
  local messages, queue = {}, string.match(base, '{(.-)}')
  for _, job in ipairs(ended) do
    local published = #job.content <= largest_published
    local entry = job.id .. ' ' .. (published and '1 ' or '0 ') .. (#job.head + 1 + (published and #job.content or 0)) .. '\n' ..
      job.head .. '\n' .. (published and job.content or '')
    for gateway in string.gmatch(job.watchers, '%S+') do
      local message = messages[gateway]
      if not message then
        message = {'ended ' .. queue .. '\n'}
        messages[gateway] = message
      end
      message[#message + 1] = entry
    end
  end
  for gateway, message in pairs(messages) do call('PUBLISH', 'ai:gateway:' .. gateway, table.concat(message)) end
end

-- Ends jobs: out of every index, expiring, watchers told.
-- Each: id, head (as stored), state, status (its name), fields (of the head, each behind a tab), content, dead.
local function finish(jobs, ttl, dead_ttl, events_ttl)
  if #jobs == 0 then return end
  local ids, dead, leased, ended, running, late = {}, {}, {}, {}, {}, nil
  if call('EXISTS', base .. 'watch') == 1 then
    for i, job in ipairs(jobs) do ids[i] = job.id end
    late = call('HMGET', base .. 'watch', unpack(ids))
    call('HDEL', base .. 'watch', unpack(ids))
  end

  for i, job in ipairs(jobs) do
    local state, head = job.state, job.head
    ids[i] = job.id
    if state.status == 'r' then
      leased[#leased + 1] = job.id
      running[state.tenant] = (running[state.tenant] or 0) + 1
    end

    -- What follows the caller's own fields was of use only until now.
    local watcher = string.match(head, '\tw=([^\t]+)') or ''
    local stop = string.find(head, '\t[tw]=')
    if stop then head = string.sub(head, 1, stop - 1) end
    note(state, string.sub(job.status, 1, 1), parse_head(head).created)
    head = head .. '\ts=' .. job.status .. '\ta=' .. state.attempt .. '\th=' .. state.history .. job.fields
    if state.events > 0 then
      local progress = call('HGET', base .. 'progress', job.id)
      if progress then
        head = head .. '\tp=' .. progress
        call('HDEL', base .. 'progress', job.id)
      end
      call('PEXPIRE', base .. 'events:' .. job.id, events_ttl)
    end

    call('SET', job_key(job.id), head .. '\n' .. job.content, 'PX', job.dead and dead_ttl or ttl)
    if job.dead then
      dead[#dead + 1] = whole(now)
      dead[#dead + 1] = job.id
    end
    local watchers = watcher .. ' ' .. (late and late[i] or '')
    if watchers ~= ' ' then ended[#ended + 1] = {id = job.id, head = head, content = job.content, watchers = watchers} end
  end

  if #leased > 0 then call('ZREM', base .. 'leases', unpack(leased)) end
  if #dead > 0 then call('ZADD', base .. 'dead', unpack(dead)) end
  call('ZREM', base .. 'deadlines', unpack(ids))
  call('HDEL', base .. 'state', unpack(ids))
  for tenant, count in pairs(running) do count_running(tenant, -count) end
  drained(#jobs)
  tell_watchers(ended)
  if call('EXISTS', base .. 'follow') == 1 then
    tell_followers(ids)
    call('HDEL', base .. 'follow', unpack(ids))
  end
end

-- Ends one job that nobody has a result of, at once, whether it waits or runs. Its body is kept, so that it can be run again.
local function abandon(id, head, status, error, dead, ttl, dead_ttl, events_ttl)
  local parsed = parse_head(head)
  local state = state_of(id) or first_state(parsed.tenant)
  if state.status == 'r' then interrupt(id, state) else dequeue(id, parsed) end
  finish({{id = id, head = head, state = state, status = status, fields = '\te=' .. error, content = body_of(id), dead = dead}},
    ttl, dead_ttl, events_ttl)
end

-- Makes a job wait again that was leased before: alone when its process was lost twice.
local function line_up(id, head, state)
  if state.lost > 1 then call('ZADD', base .. 'alone', whole(tonumber(head.created) * 1000), id)
  else enqueue(id, head) end
end

-- The same for a job whose delay is over; nothing happens when it is there no more.
local function line_up_again(id)
  local head, state = head_of(id), state_of(id)
  if head and state then line_up(id, parse_head(head), state) end
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
