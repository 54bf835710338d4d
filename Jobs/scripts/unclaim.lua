#!lua flags=allow-oom
-- include clock.lua
-- Gives an idempotency key back whose job was refused, if it is still claimed for that job.
-- ARGV: idempotency key, what it was claimed for
-- Returns 1 when it was given back.
local key = base .. ARGV[1]
if call('GET', key) ~= ARGV[2] then return 0 end
return call('DEL', key)
