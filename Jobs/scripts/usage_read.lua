#!lua flags=no-writes
-- include clock.lua
-- Reads a tenant's usage of some days.
-- ARGV: days (yyyy-MM-dd)
-- Returns for each day a list of field, amount, field, amount, …
local days = {}
for i, day in ipairs(ARGV) do days[i] = call('HGETALL', base .. day) end
return days
