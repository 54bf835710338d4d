#!lua
-- include limits.lua
-- Ends a call that was admitted: gives its slots back, and corrects its hold.
-- ARGV: id of the hold, the tokens that the call took ('' to leave the hold as it is), '1' to end the hold, then the names of the scopes
--       ('' for the tenant) in which it has a slot
for i = 4, #ARGV do mildly('ZREM', base .. 'calls:' .. ARGV[i], ARGV[1]) end
if ARGV[2] ~= '' then correct(ARGV[1], ARGV[2] + 0, ARGV[3] == '1') end
return 1
