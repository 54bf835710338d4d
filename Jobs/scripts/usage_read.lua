#!lua flags=no-writes
-- include clock.lua
-- What a tenant used on some days.
-- ARGV: days (yyyy-MM-dd)
-- Returns of each day a list of field, amount, field, amount, …
local days = {}
for i, day in ipairs(ARGV) do days[i] = call('HGETALL', base .. day) end
return days
