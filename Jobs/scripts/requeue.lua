#!lua
-- include requeuing.lua
-- Makes a failed, canceled or expired job wait again, unless its body went at its end: it would fail again.
-- ARGV: id, tenant, most jobs that may wait, most that may wait of one tenant
-- Returns {outcome, jobs that wait, jobs ended a second in thousandths}: 0 it waits again, 1 not there or another tenant's, 2 it has
-- not ended, has a result, or was damaged, 3 the queue is full, 4 the tenant's limit is reached.
local id, tenant, head = ARGV[1], ARGV[2], head_of(ARGV[1])
if head and is_newer(head) then return redis.error_reply(newer) end
if head and not is_sound(head) then return redis.error_reply(broken) end
if not head or parse_head(head).tenant ~= tenant then return {1, 0, 0} end

local status, waiting = ended_status(head), depth()
if not status or status == 'succeeded' or not can_requeue(id, head) then return {2, waiting, 0} end
if waiting >= tonumber(ARGV[3]) then return {3, waiting, drain_rate()} end
if depth_of(tenant) >= tonumber(ARGV[4]) then return {4, waiting, drain_rate()} end

check_structure()
requeue(id, head)
ring()
return {0, waiting + 1, 0}
