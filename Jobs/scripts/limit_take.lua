#!lua
-- include limits.lua
-- Admits a call of a tenant if all limits have room for it, and counts it; otherwise nothing is counted. A call whose hold is there has
-- been counted already.
-- ARGV: id of the hold, the tokens that the call may take, lifetime of the hold in ms ('0' for none), lifetime of a slot in ms ('0' for
--       none), '1' to count nothing and only tell, tokens per day, tokens per month ('0' for no budget), then for the tenant and, if it has
--       limits of its own, the key: its name ('' for the tenant), requests per minute, tokens per minute, concurrent calls ('0' for no
--       limit)
-- Returns {outcome, ms to wait (-1 when waiting does not help; 1 for a call that had been counted already), tokens left today, ms to its
-- end, tokens left this month, ms to its end, then for each of the two: requests left, ms until one more is left, ms until all are, tokens
-- left, ms until more are, ms until all are, slots left}. What has no limit is 0. The outcome is 0 when the call is admitted, 1 when there
-- were too many requests, 2 too many tokens, 3 too many concurrent calls, 4 when the day's budget is used up, 5 when that of the month is.
local args = ARGV
local id, tokens, tells = args[1], args[2] + 0, args[5] == '1'
local outcome, wait = 0, 0

-- Of several refusals the one counts that lasts longest.
local function refuse(kind, ms)
  if outcome == 0 or (wait >= 0 and (ms < 0 or ms > wait)) then outcome, wait = kind, ms end
end

-- The requests and tokens of the last minute: their sums, and by slice. Fields of older slices are removed.
local function read_minute(name)
  local minute = {r = {sum = 0}, t = {sum = 0}}
  local fields, old = call('HGETALL', minute_key(name)), {}
  for i = 1, #fields, 2 do
    local kind, slice, amount = minute[string.sub(fields[i], 1, 1)], tonumber(string.sub(fields[i], 2)), tonumber(fields[i + 1])
    if kind and slice and amount and slice > slice_now - slices and slice <= slice_now then
      kind[slice] = amount
      kind.sum = kind.sum + amount
    else
      old[#old + 1] = fields[i]
    end
  end
  if #old > 0 and not tells then call('HDEL', minute_key(name), unpack(old, 1, math.min(#old, 1000))) end
  return minute
end

-- The time until a slice counts no longer.
local function ms_to_end(slice) return (slice + slices) * slice_ms - now end

-- The time until so much of a kind counts no longer.
local function ms_until_free(kind, amount)
  for slice = slice_now - slices + 1, slice_now do
    amount = amount - (kind[slice] or 0)
    if amount <= 0 then return ms_to_end(slice) end
  end
  return ms_to_end(slice_now)
end

-- What is left of a limit of a minute, the time until more is, and until all is.
local function rest_of(kind, limit)
  if limit == 0 then return 0, 0, 0 end
  local more, all = 0, 0
  for slice = slice_now - slices + 1, slice_now do
    if (kind[slice] or 0) > 0 then
      if more == 0 then more = ms_to_end(slice) end
      all = ms_to_end(slice)
    end
  end
  return math.max(0, limit - kind.sum), more, all
end

-- Holds whose call has not ended in time are dropped, also when somebody only asks what is left. Their tokens were not taken.
if tells or args[3] ~= '0' then
  for _, late in ipairs(call('ZRANGEBYSCORE', base .. 'holds', '-inf', now_ms, 'LIMIT', 0, 100)) do
    if not correct(late, 0, true) then call('ZREM', base .. 'holds', late) end
  end
end

local is_counted = id ~= '' and call('HEXISTS', base .. 'held', id) == 1

-- The tenant's and the key's limits of a minute, and their slots.
local scopes = {}
for at = 8, #args, 4 do
  local scope = {name = args[at], requests = args[at + 1] + 0, tokens = args[at + 2] + 0, calls = args[at + 3] + 0, busy = 0}
  scopes[#scopes + 1] = scope
  if scope.requests > 0 or scope.tokens > 0 then scope.minute = read_minute(scope.name)
  else scope.minute = {r = {sum = 0}, t = {sum = 0}} end
  local requests, spent = scope.minute.r, scope.minute.t
  if scope.requests > 0 and requests.sum >= scope.requests then
    refuse(1, ms_until_free(requests, requests.sum + 1 - scope.requests))
  end
  if scope.tokens > 0 and tokens > scope.tokens then refuse(2, -1)
  elseif scope.tokens > 0 and spent.sum + tokens > scope.tokens then
    refuse(2, ms_until_free(spent, spent.sum + tokens - scope.tokens))
  end
  if scope.calls > 0 then
    scope.busy = call('ZCOUNT', base .. 'calls:' .. scope.name, '(' .. now_ms, '+inf')
    if args[4] ~= '0' and scope.busy >= scope.calls then refuse(3, 1000) end
  end
end

-- The tokens that were used in a period. The first call of a period adds up its days; from then on usage_add.lua counts.
local function used_in(period, month, first_day, last_day)
  local used = tonumber(call('HGET', base .. 'sums', period) or '')
  if used then return used end
  used = 0
  for day = first_day, last_day do
    local fields = call('HGETALL', base .. month .. string.format('-%02d', day))
    for i = 1, #fields, 2 do
      local measure = string.match(fields[i], '^%a+ ')
      if measure == 'input ' or measure == 'output ' then used = used + (tonumber(fields[i + 1]) or 0) end
    end
  end
  used = math.min(used, 9007199254740991)
  if not tells then
    call('HSET', base .. 'sums', period, whole(used))
    call('PEXPIRE', base .. 'sums', 32 * 86400000)
  end
  return used
end

local held, known, budgets = 0, 0, {{left = 0, ms = 0}, {left = 0, ms = 0}}

local function check_budget(at, budget, ms, ...)
  if budget == 0 then return end
  local used = used_in(...)
  budgets[at] = {left = math.max(0, budget - used - held), ms = ms}
  if used + held + tokens <= budget then return end
  -- Calls that are under way may take fewer tokens than they hold. Those that have ended, and whose usage is not written yet, do not.
  local may_fit = held > known and used + known + tokens <= budget
  refuse(3 + at, tokens > budget and -1 or may_fit and math.min(ms, 5000) or ms)
end

if args[6] ~= '0' or args[7] ~= '0' then
  local sums = call('HMGET', base .. 'held', '', ' ')
  held, known = tonumber(sums[1] or '') or 0, tonumber(sums[2] or '') or 0
  -- A sum without its holds would be held until it expires.
  if held > 0 and call('EXISTS', base .. 'holds') == 0 then
    call('DEL', base .. 'held')
    held, known = 0, 0
  end
  local day = math.floor(now / 86400000)
  local year, month, of_month = date_of(day)
  local text = string.format('%04d-%02d', year, month)
  -- The 28 days before a month's 29th are in it.
  local first_of_next = day - of_month + 29
  while select(3, date_of(first_of_next)) ~= 1 do first_of_next = first_of_next + 1 end
  check_budget(1, args[6] + 0, (day + 1) * 86400000 - now, text .. string.format('-%02d', of_month), text, of_month, of_month)
  check_budget(2, args[7] + 0, first_of_next * 86400000 - now, text, text, 1, of_month)
end

if is_counted then outcome, wait = 0, 1 end
if outcome == 0 and not tells and not is_counted then
  for _, scope in ipairs(scopes) do
    local key, slice = minute_key(scope.name), whole(slice_now)
    if scope.requests > 0 then scope.minute.r[slice_now] = call('HINCRBY', key, 'r' .. slice, '1') end
    if scope.tokens > 0 then scope.minute.t[slice_now] = call('HINCRBY', key, 't' .. slice, args[2]) end
    if scope.requests > 0 or scope.tokens > 0 then
      scope.minute.r.sum, scope.minute.t.sum = scope.minute.r.sum + 1, scope.minute.t.sum + tokens
      call('PEXPIRE', key, slice_ms * slices)
    end
    if scope.calls > 0 and args[4] ~= '0' then
      local calls = base .. 'calls:' .. scope.name
      call('ZREMRANGEBYSCORE', calls, '-inf', now_ms)
      call('ZADD', calls, whole(now + args[4]), id)
      call('PEXPIRE', calls, args[4])
      scope.busy = scope.busy + 1
    end
  end
  if args[3] ~= '0' then
    local name = #scopes > 1 and scopes[2].name or ''
    call('HSET', base .. 'held', id, args[2] .. ' ' .. whole(slice_now) .. ' ' .. name)
    change_held('', tokens)
    call('ZADD', base .. 'holds', whole(now + args[3]), id)
    -- Both keys expire together, after the last hold. A time of another program is bounded.
    local last = tonumber(call('ZREVRANGE', base .. 'holds', 0, 0, 'WITHSCORES')[2]) or 0
    local ends = whole(math.min(math.max(last, now + args[3]), now + 400 * 86400000) + 60000)
    for _, key in ipairs({'held', 'holds'}) do call('PEXPIREAT', base .. key, ends) end
    for _, budget in ipairs(budgets) do budget.left = math.max(0, budget.left - tokens) end
  end
end

local reply = {outcome, math.ceil(wait), budgets[1].left, budgets[1].ms, budgets[2].left, budgets[2].ms}
for _, scope in ipairs(scopes) do
  local requests, request_more, request_all = rest_of(scope.minute.r, scope.requests)
  local left, token_more, token_all = rest_of(scope.minute.t, scope.tokens)
  for _, number in ipairs({requests, request_more, request_all, left, token_more, token_all, math.max(0, scope.calls - scope.busy)}) do
    reply[#reply + 1] = number
  end
end
return reply
