#!lua
-- include transitions.lua
-- Adds events to a job's log, if the attempt still holds its lease, and hands them to the Gateways that show it.
-- ARGV: id, attempt, then kind ('output' or 'progress') and data (JSON, one line) of each event
-- Returns 1, or 0 when the attempt no longer holds the lease.
local id, attempt = ARGV[1], ARGV[2]
local state = state_of(id)
if not state or state.status ~= 'r' or state.attempt ~= attempt or not head_of(id) then return 0 end

-- Events and changes of status share one sequence; see JobHistory.cs.
local changes = 0
for letter in string.gmatch(state.history, '(%l)%d') do
  changes = changes + ((letter == 'q' or letter == 'r') and 1 or 2)
end
local first, lines = changes + state.events + 1, {}
for i = 3, #ARGV, 2 do
  state.events = state.events + 1
  call('XADD', base .. 'events:' .. id, whole(changes + state.events) .. '-1', ARGV[i], ARGV[i + 1])
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
