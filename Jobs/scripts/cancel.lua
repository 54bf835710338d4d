#!lua flags=allow-oom
-- include transitions.lua
-- Ends a job that has not ended, even while it runs, unless the caller asks for waiting jobs only. An ended job stays as it is.
-- ARGV: id, tenant, error (JSON), ttl in ms, ttl of events in ms, '1' to leave a running job as it is
-- Returns the job's status before the call, or '' when there is no such job of this tenant.
local id, head = ARGV[1], head_of(ARGV[1])
if head and is_newer(head) then return redis.error_reply(newer) end
if head and not is_sound(head) then return redis.error_reply(broken) end
if not head or parse_head(head).tenant ~= ARGV[2] then return '' end

local ended = ended_status(head)
if ended then return ended end

local state = state_of(id)
if state == false then return redis.error_reply(broken) end
if ARGV[6] == '1' and state and state.status == 'r' then return 'running' end
check_structure()
abandon(id, head, 'canceled', ARGV[3], ARGV[4], ARGV[5])
return state and state.status == 'r' and 'running' or 'queued'
