-- include clock.lua
-- Reads and writes the record and the state of a job; RedisKeys.cs describes both formats.

local function job_key(id) return base .. 'job:' .. id end

-- Stands for a record whose key holds another type. No version can read it.
local unreadable = '?'

-- The first line of a record, without its content, which may be large; nil when the job does not exist.
local function head_of(id)
  local start = redis.pcall('GETRANGE', job_key(id), '0', '511')
  if type(start) == 'table' then return unreadable end
  if start == '' then return call('EXISTS', job_key(id)) == 1 and unreadable or nil end
  local stop = string.find(start, '\n', 1, true)
  if not stop then
    start = call('GET', job_key(id))
    stop = string.find(start, '\n', 1, true) or #start + 1
  end
  return string.sub(start, 1, stop - 1)
end

-- Whether this version can read a record, and so the job's state. Records of newer versions are left to processes of these versions,
-- because this version could damage them.
local function is_known(record) return string.sub(record, 1, 2) == '1\t' end
local function is_newer(record) return string.find(record, '^[2-9]') ~= nil end
local newer_later_ms = 5000
local newer = 'NEWER a newer version stored this job'
local broken = 'BROKEN what is stored of this job cannot be read'

-- The values at fixed places of every record, as text.
local function created_in(record) return string.sub(record, 3, 15) end
local function deadline_in(record) return string.sub(record, 17, 29) end
local function lane_in(record) return string.sub(record, 31, 31) end

-- Whether a record of this version has the fields that scripts need. A record without them is damaged; see put_aside.
local function is_sound(record)
  return string.byte(record, 16) == 9 and string.byte(record, 30) == 9
    and string.find(record, '^1\t%d+\t%d+\t[idb]\t%d+\t%S+\t') ~= nil
end

-- The cost and the tenant, as text.
local function share_in(record)
  local cost = string.find(record, '\t', 33, true)
  local tenant = string.find(record, '\t', cost + 1, true)
  return string.sub(record, 33, cost - 1), string.sub(record, cost + 1, tenant - 1)
end

local function parse_head(head)
  local cost, tenant = share_in(head)
  return {created = created_in(head), deadline = deadline_in(head), lane = lane_in(head), cost = cost, tenant = tenant}
end

-- The status of an ended job; nil for any other job.
local function ended_status(head)
  local from = string.find(head, '\ts=', 1, true)
  return from and string.sub(head, from + 3, (string.find(head, '\t', from + 3, true) or 0) - 1)
end

local function body_of(id)
  local record = call('GET', job_key(id))
  return string.sub(record, (string.find(record, '\n', 1, true) or #record) + 1)
end

-- Redis searches a hash of short values from its start; one value of more than 64 bytes turns the hash into a table.
local padding = string.rep(' ', 40)

-- The state of a job that was leased and has not ended; nil for a job that was never leased, false for a damaged state.
local function parse_state(text)
  local status, attempt, failures, lost, events, tenant, owner, history
  if string.sub(text, 3, 10) == '1 0 0 0 ' then
    -- The first attempt of a job without events, which is the most frequent case.
    status, attempt, failures, lost, events = string.sub(text, 1, 1), '1', 0, 0, 0
    local tenant_end = string.find(text, ' ', 11, true)
    local owner_end = tenant_end and string.find(text, ' ', tenant_end + 1, true)
    if not owner_end then return false end
    tenant, owner = string.sub(text, 11, tenant_end - 1), string.sub(text, tenant_end + 1, owner_end - 1)
    history = string.sub(text, owner_end + #padding)
  else
    status, attempt, failures, lost, events, tenant, owner, history =
      string.match(text, '^(%l) (%d+) (%d+) (%d+) (%d+) (%S+) (%S+) +(.*)$')
    if not history then return false end
    failures, lost, events = tonumber(failures), tonumber(lost), tonumber(events)
  end
  if status ~= 'r' and status ~= 'q' or not string.find(history, '^q[%w%+ ]*$') then return false end
  return {status = status, attempt = attempt, failures = failures, lost = lost, events = events, tenant = tenant, owner = owner,
    history = history}
end

local function first_state(tenant)
  return {status = 'q', attempt = '0', failures = 0, lost = 0, events = 0, tenant = tenant, owner = '-', history = 'q0'}
end

local function format_state(state)
  return state.status .. ' ' .. state.attempt .. ' ' .. state.failures .. ' ' .. state.lost .. ' ' .. state.events .. ' ' ..
    state.tenant .. ' ' .. state.owner .. padding .. state.history
end

-- The state of a job that is leased for the first time. `age`: ms since its submit.
local function leased_state(tenant, worker, age) return 'r 1 0 0 0 ' .. tenant .. ' ' .. worker .. padding .. 'q0 r' .. age end

local function state_of(id)
  local text = call('HGET', base .. 'state', id)
  if not text then return nil end
  return parse_state(text)
end

-- The ms since a job's submit, as text.
local elapsed_of = {}
local function elapsed(created)
  local known = elapsed_of[created]
  if not known then
    known = whole(math.max(0, now - created))
    elapsed_of[created] = known
  end
  return known
end

-- Adds a change of status to a job's history: the status' letter, and the ms since the submit.
local function note(state, letter, created)
  state.history = state.history .. ' ' .. letter .. elapsed(created) .. (state.events > 0 and '+' .. state.events or '')
end
