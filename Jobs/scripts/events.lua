#!lua flags=allow-oom
-- include records.lua
-- Reads a job and its log, and notes which Gateway wants to be told of further events: nothing can happen between the two.
-- ARGV: id, number of the last event that is known, follower or '', most events
-- Returns {record with the result, or its head and a line end; state or ''; events of the log after that number}, or nothing when it
-- is not there.
local id, after, follower, most = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local head = head_of(id)
if not head then return nil end
if not is_known(head) then return redis.error_reply(newer) end

local entries = call('XRANGE', base .. 'events:' .. id, '(' .. whole(after) .. '-1', '+', 'COUNT', most)
if ended_status(head) then return {call('GET', job_key(id)), '', entries} end

if follower ~= '' then
  local followers = call('HGET', base .. 'follow', id)
  if not followers then call('HSET', base .. 'follow', id, follower)
  elseif not string.find(' ' .. followers .. ' ', ' ' .. follower .. ' ', 1, true) then
    call('HSET', base .. 'follow', id, followers .. ' ' .. follower)
  end
end
return {head .. '\n', call('HGET', base .. 'state', id) or '', entries}
