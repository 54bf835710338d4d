#!lua
-- include clock.lua
-- Keeps the slots of calls that go on. A slot that was given back is not taken again.
-- ARGV: lifetime of a slot in ms, then for each slot the name of its scope ('' for the tenant) and the id of the hold
local ends = whole(now + ARGV[1])
for i = 2, #ARGV, 2 do
  local calls = base .. 'calls:' .. ARGV[i]
  call('ZADD', calls, 'XX', 'GT', ends, ARGV[i + 1])
  call('PEXPIRE', calls, ARGV[1])
end
return 1
