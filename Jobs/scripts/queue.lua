#!lua flags=no-writes
-- include lanes.lua
-- Reads the state of a queue, as far as it can be read.
-- Returns {now, waiting jobs, running jobs, ended jobs per second in thousandths, 1 when paused, dead letters, jobs put aside, then for
-- each lane: waiting jobs, ms since the oldest was submitted or -1; then for each key with another type than it should have: name, type,
-- expected type}. It reads the first thousand tenants of a lane.
-- ARGV: '1' to look for such keys even when no job waits
local kinds, wrong = {}, {}

-- Runs a command on a key. If the key holds another type, it is reported, and the result is `none`.
local function ask(kind, none, command, name, ...)
  local reply = redis.pcall(command, base .. name, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if not kinds[name] then
    kinds[name] = true
    for _, word in ipairs({base .. name, call('TYPE', base .. name).ok, kind}) do wrong[#wrong + 1] = word end
  end
  return none
end

ask('hash', 0, 'HLEN', 'state')
ask('zset', 0, 'ZCARD', 'delayed')
ask('zset', 0, 'ZCARD', 'alone')
local running = ask('zset', 0, 'ZCARD', 'leases')
local reply = {now, math.max(0, ask('zset', 0, 'ZCARD', 'deadlines') - running), running, drain_rate(), call('EXISTS', base .. 'paused'),
  ask('zset', 0, 'ZCARD', 'dead'), ask('stream', 0, 'XLEN', 'broken')}
for _, lane in ipairs(lanes) do
  local waiting, oldest = 0, nil
  for _, tenant in ipairs(ask('zset', {}, 'ZRANGE', 'lane:' .. lane, 0, 999)) do
    local line = 'line:' .. lane .. ':' .. tenant
    waiting = waiting + ask('zset', 0, 'ZCARD', line)
    local first = ask('zset', {}, 'ZRANGE', line, 0, 0, 'WITHSCORES')[2]
    if first and (not oldest or tonumber(first) < oldest) then oldest = tonumber(first) end
  end
  reply[#reply + 1] = waiting
  reply[#reply + 1] = oldest and math.max(0, now - math.floor(oldest / 1000)) or -1
end
if ARGV[1] == '1' then
  for _, tenant in ipairs(ask('set', {}, 'SRANDMEMBER', 'tenants', 1000)) do
    for _, lane in ipairs(lanes) do ask('zset', 0, 'ZCARD', 'line:' .. lane .. ':' .. tenant) end
  end
end
for _, word in ipairs(wrong) do reply[#reply + 1] = word end
return reply
