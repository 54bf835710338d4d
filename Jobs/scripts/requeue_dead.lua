#!lua
-- include requeuing.lua
-- Requeues dead letters, the oldest first, regardless of the queue's limits.
-- ARGV: most jobs, the time in ms before which the jobs must have died, or '' for all that exist now
-- Returns {requeued jobs, dead letters that were read, the time for the next call}.
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
