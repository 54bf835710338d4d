#!lua
-- include clock.lua
-- Adds to what a tenant used on a day.
-- ARGV: day (yyyy-MM-dd), ttl in ms, then of each model: its name, requests, failed, input tokens, output tokens,
-- estimated tokens among these
local key = base .. ARGV[1]
local measures = { 'requests', 'failed', 'input', 'output', 'estimated' }
for at = 3, #ARGV, 6 do
  for i, measure in ipairs(measures) do
    local amount = ARGV[at + i]
    if amount ~= '0' then call('HINCRBY', key, measure .. ' ' .. ARGV[at], amount) end
  end
end
call('PEXPIRE', key, ARGV[2])
return 1
