#!lua
-- include clock.lua
-- Claims an idempotency key for a job that is about to be submitted, unless the key is claimed already.
-- ARGV: idempotency key, value of the claim, ttl in ms
-- Returns the value of an earlier claim, or '' when the claim is new.
local key = base .. ARGV[1]
local claimed = call('GET', key)
if claimed then return claimed end
call('SET', key, ARGV[2], 'PX', ARGV[3])
return ''
