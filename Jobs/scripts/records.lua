-- include clock.lua
-- Reads and writes what is stored of one job; RedisKeys.cs describes both forms.

local function job_key(id) return base .. 'job:' .. id end

-- A record's first line, without its content, which may be large; nil when the job is not there.
local function head_of(id)
  local start = call('GETRANGE', job_key(id), 0, 1023)
  if start == '' then return nil end
  local stop = string.find(start, '\n', 1, true)
  if not stop then
    start = call('GET', job_key(id))
    stop = string.find(start, '\n', 1, true)
  end
  return string.sub(start, 1, stop - 1)
end

-- What every record begins with. All are strings.
local function parse_head(head)
  local created, deadline, lane, cost, tenant = string.match(head, '^1\t(%d+)\t(%d+)\t(%a)\t(%d+)\t([^\t]+)')
  return {created = created, deadline = deadline, lane = lane, cost = cost, tenant = tenant}
end

-- The status of a job that has ended; nil for any other.
local function ended_status(head) return string.match(head, '\ts=(%l+)') end

local function body_of(id)
  local record = call('GET', job_key(id))
  return string.sub(record, string.find(record, '\n', 1, true) + 1)
end

-- The state of a job that was leased before and has not ended. A job that was never leased has none.
local function parse_state(text)
  local status, attempt, failures, lost, events, tenant, owner, history =
    string.match(text, '^(%l) (%d+) (%d+) (%d+) (%d+) (%S+) (%S+) (.*)$')
  return {status = status, attempt = attempt, failures = tonumber(failures), lost = tonumber(lost), events = tonumber(events),
    tenant = tenant, owner = owner, history = history}
end

local function first_state(tenant)
  return {status = 'q', attempt = '0', failures = 0, lost = 0, events = 0, tenant = tenant, owner = '-', history = 'q0'}
end

local function format_state(state)
  return state.status .. ' ' .. state.attempt .. ' ' .. state.failures .. ' ' .. state.lost .. ' ' .. state.events .. ' ' ..
    state.tenant .. ' ' .. state.owner .. ' ' .. state.history
end

local function state_of(id)
  local text = call('HGET', base .. 'state', id)
  return text and parse_state(text)
end

-- Adds a change of status to a job's history: its letter, and the ms since the submit.
local function note(state, letter, created)
  state.history = state.history .. ' ' .. letter .. whole(math.max(0, now - tonumber(created))) ..
    (state.events > 0 and '+' .. state.events or '')
end
