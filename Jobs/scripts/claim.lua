#!lua
-- include clock.lua
-- Claims an idempotency key for a job that is to be submitted, unless it is claimed already.
-- ARGV: idempotency key, what it is claimed for, ttl in ms
-- Returns what it was claimed for before, or '' when the claim is new.
local key = base .. ARGV[1]
local claimed = call('GET', key)
if claimed then return claimed end
call('SET', key, ARGV[2], 'PX', ARGV[3])
return ''
