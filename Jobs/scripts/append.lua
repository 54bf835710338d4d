#!lua
-- include lanes.lua
-- Appends events to the logs of jobs, and notifies the Gateways that stream them. A job's events are appended only if the attempt still
-- holds the job's lease. Each Gateway gets one message for all jobs. If the caller gives the number of events that the job had before,
-- repeating the call changes nothing.
-- ARGV: for each job: id, attempt, number of events before the call or '', number of new events, then for each event its kind ('output' or
--       'progress') and its data (JSON, one line)
-- Returns 1 for each job; 0 when the attempt no longer holds the lease.
local ids, keys, places, at = {}, {}, {}, 1
while at <= #ARGV do
  ids[#ids + 1], keys[#keys + 1], places[#places + 1] = ARGV[at], job_key(ARGV[at]), at
  at = at + 4 + 2 * tonumber(ARGV[at + 3])
end

-- Values that every job needs are read with one command for all jobs, because a command costs as much as the rest of the work for an event.
local texts, followers = call('HMGET', base .. 'state', unpack(ids)), mild('HMGET', base .. 'follow', unpack(ids))
local are_there = call('EXISTS', unpack(keys)) == #keys
local states, changed, messages = {}, {}, {}

-- Events and changes of status share one sequence; see JobHistory.cs.
local function changes_in(history)
  local changes = 0
  for letter in string.gmatch(history, '(%l)%d') do
    changes = changes + ((letter == 'q' or letter == 'r') and 1 or 2)
  end
  return changes
end

local function append(i, id, attempt, known, from, count)
  local state = states[id] or texts[i] and parse_state(texts[i])
  if not state or state.status ~= 'r' or state.attempt ~= attempt then return 0 end
  if not are_there and call('EXISTS', keys[i]) == 0 then return 0 end
  if known and state.events >= known + count then return 1 end

  local before = changes_in(state.history) + state.events
  local lines = {id .. ' ' .. whole(before + 1) .. ' ' .. whole(count) .. '\n'}
  for n = 1, count do
    local kind, data = ARGV[from + 2 * n - 2], ARGV[from + 2 * n - 1]
    -- If the log's key holds another type, this fails before anything of this job is written.
    local added = redis.pcall('XADD', base .. 'events:' .. id, whole(before + n) .. '-1', kind, data)
    if added.err then return added end
    if kind == 'progress' then mild('HSET', base .. 'progress', id, data) end
    lines[#lines + 1] = kind .. ' ' .. data .. '\n'
  end
  state.events = state.events + count
  states[id] = state
  changed[#changed + 1], changed[#changed + 2] = id, format_state(state)

  local text = followers[i] and table.concat(lines)
  for gateway in string.gmatch(followers[i] or '', '%S+') do
    local message = messages[gateway]
    if not message then
      message = {'events ' .. string.match(base, '{(.-)}') .. '\n'}
      messages[gateway] = message
    end
    message[#message + 1] = text
  end
  return 1
end

local done = {}
for i, id in ipairs(ids) do
  local place = places[i]
  done[i] = append(i, id, ARGV[place + 1], tonumber(ARGV[place + 2]), place + 4, tonumber(ARGV[place + 3]))
end
if #changed > 0 then call('HSET', base .. 'state', unpack(changed)) end
for gateway, message in pairs(messages) do call('PUBLISH', 'ai:gateway:' .. gateway, table.concat(message)) end
return done
