#!lua flags=allow-oom
-- include transitions.lua
-- Ends a job that has not ended: at once, also when it runs. A finished one is left as it is.
-- ARGV: id, error (JSON), ttl in ms
-- Returns the status that it had, or '' when it is not there.
local id, error, ttl = ARGV[1], ARGV[2], ARGV[3]
local status = redis.call('HGET', job_key(id), 'status')
if not status then return '' end

if status == 'running' then interrupt(id) end
if status == 'running' or status == 'queued' then finish(id, 'canceled', error, ttl) end
return status
