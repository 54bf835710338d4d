#!lua
-- include clock.lua
-- Adds to a tenant's usage of a day. A sum stops at the largest exact number. A value that is not a number counts as 0.
-- ARGV: day (yyyy-MM-dd), ttl in ms, the largest number, then for each model: its name, requests, failed requests, input tokens, output
--       tokens, estimated tokens among these
local key, most = base .. ARGV[1], ARGV[3]
local measures = { 'requests', 'failed', 'input', 'output', 'estimated' }
-- If the key holds another type, this fails before anything is written.
call('HLEN', key)
for at = 4, #ARGV, 6 do
  for i, measure in ipairs(measures) do
    local amount, field = ARGV[at + i], measure .. ' ' .. ARGV[at]
    if amount ~= '0' then
      local sum = redis.pcall('HINCRBY', key, field, amount)
      if type(sum) == 'table' then
        call('HSET', key, field, string.find(sum.err, 'overflow', 1, true) and most or amount)
      elseif sum > tonumber(most) then
        call('HSET', key, field, most)
      end
    end
  end
end
call('PEXPIRE', key, ARGV[2])
return 1
