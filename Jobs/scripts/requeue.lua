#!lua
-- include requeuing.lua
-- Requeues a failed, canceled or expired job. A job whose body was dropped at its end is refused, because it would fail again.
-- ARGV: id, tenant, most waiting jobs, most waiting jobs of one tenant
-- Returns {outcome, waiting jobs, ended jobs per second in thousandths}. The outcome is 0 when the job waits again, 1 when there is no such
-- job of this tenant, 2 when the job has not ended, has a result or was damaged, 3 when the queue is full, 4 when the tenant's limit is
-- reached.
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
