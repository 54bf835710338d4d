#!lua
-- include requeuing.lua
-- Makes dead letters wait again, the oldest first, whatever the limits of the queue.
-- ARGV: most jobs, only those that died before this time in ms, or '' for all that are there now
-- Returns {jobs that wait again, dead letters looked at, the time to give in the next call}.
local before = ARGV[2] == '' and now_ms or ARGV[2]
check_structure()
local ids, requeued = call('ZRANGEBYSCORE', base .. 'dead', '-inf', before, 'LIMIT', 0, tonumber(ARGV[1])), 0
local looked = #ids
for _, id in ipairs(ids) do
  local head = head_of(id)
  if head and is_newer(head) then
    looked = looked - 1
  elseif head and is_sound(head) and ended_status(head) and can_requeue(id, head) then
    requeue(id, head)
    requeued = requeued + 1
  else
    call('ZREM', base .. 'dead', id)
  end
end
if requeued > 0 then ring() end
return {requeued, looked, before}
