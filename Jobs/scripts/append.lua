#!lua
-- include transitions.lua
-- Adds events to jobs' logs, of each only if the attempt still holds its lease, and hands them to the Gateways that show it. Adding again
-- what was added changes nothing, where the caller says how many events the job had.
-- ARGV: of each job: id, attempt, how many events it had or '', how many come, then kind ('output' or 'progress') and data (JSON, one line)
--       of each
-- Returns for each 1, or 0 when the attempt no longer holds the lease.
local function append(id, attempt, known, at, count)
  local state = state_of(id)
  if not state or state.status ~= 'r' or state.attempt ~= attempt or not head_of(id) then return 0 end
  if known and state.events >= known + count then return 1 end

  -- Events and changes of status share one sequence; see JobHistory.cs.
  local changes = 0
  for letter in string.gmatch(state.history, '(%l)%d') do
    changes = changes + ((letter == 'q' or letter == 'r') and 1 or 2)
  end
  local first, lines = changes + state.events + 1, {}
  for i = at, at + 2 * (count - 1), 2 do
    state.events = state.events + 1
    -- Something else in the log's place fails here, before anything of this job is written.
    local added = redis.pcall('XADD', base .. 'events:' .. id, whole(changes + state.events) .. '-1', ARGV[i], ARGV[i + 1])
    if added.err then return added end
    if ARGV[i] == 'progress' then mild('HSET', base .. 'progress', id, ARGV[i + 1]) end
    lines[#lines + 1] = ARGV[i] .. ' ' .. ARGV[i + 1] .. '\n'
  end
  call('HSET', base .. 'state', id, format_state(state))

  local followers = mild('HGET', base .. 'follow', id)
  if followers then
    local message = 'events ' .. string.match(base, '{(.-)}') .. ' ' .. id .. ' ' .. first .. '\n' .. table.concat(lines)
    for gateway in string.gmatch(followers, '%S+') do call('PUBLISH', 'ai:gateway:' .. gateway, message) end
  end
  return 1
end

local done, at = {}, 1
while at <= #ARGV do
  local count = tonumber(ARGV[at + 3])
  done[#done + 1] = append(ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), at + 4, count)
  at = at + 4 + 2 * count
end
return done
