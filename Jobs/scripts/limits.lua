-- include clock.lua
-- The limits of a tenant and of its keys. Requests and tokens count in slices of 5 s. A slice counts until 60 s have passed since its end,
-- so that no 60 s have more than a limit. A hold is what a call may take: its tokens count from its admission, and are corrected when it is
-- known how many the call took. A key of another type counts as empty where a call's usage is written, so that the usage is never lost.
local slice_ms, slices = 5000, 13
local slice_now = math.floor(now / slice_ms)

local function minute_key(name) return base .. 'minute:' .. name end

local function mildly(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then return nil end
  return reply
end

-- Changes the tokens that count in a slice. Of a slice that counts no longer nothing can be given back; more tokens count from now on.
local function shift(name, slice, change)
  local key = minute_key(name)
  if change == 0 or mildly('EXISTS', key) ~= 1 then return end
  if slice <= slice_now - slices then
    if change < 0 then return end
    slice = slice_now
  end
  local sum = mildly('HINCRBY', key, 't' .. whole(slice), whole(change))
  if sum and sum < 0 then call('HSET', key, 't' .. whole(slice), '0') end
end

-- Changes a sum of holds: '' is that of all, ' ' that of the calls whose tokens are known, so that they do not come back.
local function change_held(sum_name, change)
  local sum = mildly('HINCRBY', base .. 'held', sum_name, whole(change))
  if sum and sum < 0 then call('HSET', base .. 'held', sum_name, '0') end
end

-- Corrects the tokens of a hold, and ends it if they are final. Returns false when there is no such hold.
local function correct(id, tokens, ends)
  local hold = id ~= '' and mildly('HGET', base .. 'held', id)
  if not hold then return false end
  local known, before, slice, name = string.match(hold, '^(%+?)(%d+) (%d+) (.*)$')
  if ends or not before then
    call('HDEL', base .. 'held', id)
    mildly('ZREM', base .. 'holds', id)
    if not before then return false end
  else
    call('HSET', base .. 'held', id, '+' .. whole(tokens) .. ' ' .. slice .. ' ' .. name)
  end
  before, slice = tonumber(before), tonumber(slice)
  change_held('', ends and -before or tokens - before)
  local known_change = (ends and 0 or tokens) - (known == '+' and before or 0)
  if known_change ~= 0 then change_held(' ', known_change) end
  shift('', slice, tokens - before)
  if name ~= '' then shift(name, slice, tokens - before) end
  return true
end

-- The date of a day, which counts from 1970-01-01 (UTC).
local function date_of(day)
  local z = day + 719468
  local era = math.floor(z / 146097)
  local of_era = z - era * 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - 365 * year - math.floor(year / 4) + math.floor(year / 100)
  local from_march = math.floor((5 * of_year + 2) / 153)
  local month = from_march < 10 and from_march + 3 or from_march - 9
  return era * 400 + year + (month < 3 and 1 or 0), month, of_year - math.floor((153 * from_march + 2) / 5) + 1
end
