#!lua flags=allow-oom
-- include clock.lua
-- Releases the idempotency key of a refused job, if it is still claimed with this value.
-- ARGV: idempotency key, value of the claim
-- Returns 1 when the key was released.
local key = base .. ARGV[1]
if call('GET', key) ~= ARGV[2] then return 0 end
return call('DEL', key)
