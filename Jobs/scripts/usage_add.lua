#!lua
-- include limits.lua
-- Adds to a tenant's usage of a day, and ends the holds of the calls whose usage it is. A sum stops at the largest exact number. A value
-- that is not a number counts as 0.
-- ARGV: day (yyyy-MM-dd), ttl in ms, the largest number, the tokens of calls without a hold, how many holds, the writer, the number of its
--       write, for how many ms this number is remembered, for each hold its id and the tokens of its call, then for each model: its name,
--       requests, failed requests, input tokens, output tokens, estimated tokens among these
-- Returns 1, or 0 when this write was added before: its answer had been lost, and it was sent again.
local key, most, total, models = base .. ARGV[1], ARGV[3], 0, 9 + 2 * ARGV[5]
local written = base .. 'written:' .. ARGV[6]
if (tonumber(mildly('GET', written) or '') or 0) >= ARGV[7] + 0 then return 0 end
local measures = { 'requests', 'failed', 'input', 'output', 'estimated' }
-- If the key holds another type, this fails before anything is written.
call('HLEN', key)
for at = models, #ARGV, 6 do
  total = total + ARGV[at + 3] + ARGV[at + 4]
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

-- A budget's sums are there once it has been asked for.
local sums, loose = base .. 'sums', ARGV[4] + 0
if total > 0 and mildly('EXISTS', sums) == 1 then
  local year, month, day = date_of(math.floor(now / 86400000))
  for _, period in ipairs({string.format('%04d-%02d-%02d', year, month, day), string.format('%04d-%02d', year, month)}) do
    local sum = mildly('HGET', sums, period) and mildly('HINCRBY', sums, period, whole(math.min(total, tonumber(most))))
    if sum and sum > tonumber(most) then call('HSET', sums, period, most) end
  end
end
for at = 9, models - 1, 2 do
  if not correct(ARGV[at], ARGV[at + 1] + 0, true) then loose = loose + ARGV[at + 1] end
end
-- Tokens without a hold count from now on.
shift('', slice_now, loose)
call('SET', written, ARGV[7], 'PX', ARGV[8])
return 1
