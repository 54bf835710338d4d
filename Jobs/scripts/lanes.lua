-- include records.lua
-- The jobs that wait: lanes of tenants, each tenant with its own line of jobs. Inside a lane tenants share by start-time fair
-- queueing: a lane's score of a tenant is the start tag of its first job, and serving a job of cost c moves the tag on by c.

local lanes = {'i', 'd', 'b'}

local function lane_key(lane) return base .. 'lane:' .. lane end
local function line_key(lane, tenant) return base .. 'line:' .. lane .. ':' .. tenant end
local function fair_key(lane) return base .. 'fair:' .. lane end

-- Runs a command on a key whose content can be had again (counts, marks, wishes, lists for people): what else stands there makes way.
local function mild(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  call('DEL', key)
  return call(command, key, ...)
end

-- Fails, before anything is written, when something else stands where the queue's jobs are kept.
local function check_structure()
  for _, name in ipairs({'deadlines', 'leases', 'delayed', 'alone'}) do call('ZCARD', base .. name) end
  for _, lane in ipairs(lanes) do call('ZCARD', lane_key(lane)) end
  call('HLEN', base .. 'state')
end

-- Notifies the workers that wait for jobs. Each is notified once.
local function ring()
  if call('DEL', base .. 'waiting') == 1 then call('PUBLISH', base .. 'doorbell', '') end
end

-- Tells the Gateways that show a job's events that there are new ones.
local function tell_followers(ids)
  if #ids == 0 or call('EXISTS', base .. 'follow') == 0 then return end
  local queue = string.sub(base, 5, -3)
  for i, followers in ipairs(mild('HMGET', base .. 'follow', unpack(ids))) do
    for gateway in string.gmatch(followers or '', '%S+') do
      call('PUBLISH', 'ai:gateway:' .. gateway, 'changed ' .. queue .. ' ' .. ids[i] .. '\n')
    end
  end
end

-- A tenant whose line was empty begins where the lane is now, or where its own service left it if that is later.
local function join(lane, tenant)
  local tags = mild('HMGET', fair_key(lane), '', tenant)
  call('ZADD', lane_key(lane), whole(math.max(tonumber(tags[1] or 0) or 0, tonumber(tags[2] or 0) or 0)), tenant)
  if tags[2] then call('HDEL', fair_key(lane), tenant) end
end

-- A tenant's line is empty. Its tag is kept while others wait in the lane; a lane without anybody forgets all.
local function leave(lane, tenant, tag)
  call('ZREM', lane_key(lane), tenant)
  if call('EXISTS', lane_key(lane)) == 0 then call('DEL', fair_key(lane))
  else mild('HSET', fair_key(lane), tenant, whole(tag)) end
end

-- Makes a job wait, in the place that its submit gave it: also one that was leased before.
local function enqueue(id, head)
  call('ZADD', line_key(head.lane, head.tenant), head.created .. '000', id)
  if not call('ZSCORE', lane_key(head.lane), head.tenant) then join(head.lane, head.tenant) end
end

-- Takes a job that waits out of wherever it waits.
local function dequeue(id, head)
  local line = line_key(head.lane, head.tenant)
  if call('ZREM', line, id) == 1 then
    if call('EXISTS', line) == 0 then leave(head.lane, head.tenant, tonumber(call('ZSCORE', lane_key(head.lane), head.tenant) or 0)) end
  else
    call('ZREM', base .. 'delayed', id)
    call('ZREM', base .. 'alone', id)
  end
end

-- Jobs that wait, of all lanes, delayed ones included.
local function depth() return call('ZCARD', base .. 'deadlines') - call('ZCARD', base .. 'leases') end

-- Jobs of one tenant that stand in its lines.
local function depth_of(tenant)
  local sum = 0
  for _, lane in ipairs(lanes) do sum = sum + call('ZCARD', line_key(lane, tenant)) end
  return sum
end

-- About how many jobs are leased before one that waits in a lane: those before it in its line, as many of each other tenant in its lane,
-- and whatever waits in the lanes before. Of many tenants the first hundred are looked at. -1 when it waits in none.
local rivals = {}
local function position_of(id, head)
  local ahead = call('ZRANK', line_key(head.lane, head.tenant), id)
  if not ahead then return -1 end
  local sum = ahead
  for _, lane in ipairs(lanes) do
    if not rivals[lane] then
      local depths = {}
      for _, tenant in ipairs(call('ZRANGE', lane_key(lane), 0, 99)) do depths[tenant] = call('ZCARD', line_key(lane, tenant)) end
      rivals[lane] = depths
    end
    for tenant, waiting in pairs(rivals[lane]) do
      if lane ~= head.lane then sum = sum + waiting
      elseif tenant ~= head.tenant then sum = sum + math.min(ahead, waiting) end
    end
    if lane == head.lane then break end
  end
  return sum
end

local function count_running(tenant, change)
  if mild('HINCRBY', base .. 'running', tenant, change) <= 0 then call('HDEL', base .. 'running', tenant) end
end

-- Ended jobs are counted in slices of 5 s, of which the last 30 s are kept.
local function drained(count)
  local slice = base .. 'drained:' .. whole(math.floor(now / 5000))
  if mild('INCRBY', slice, count) == count then call('PEXPIRE', slice, 35000) end
end

-- Jobs ended a second, over the last 25 to 30 s, in thousandths.
local function drain_rate()
  local slice, sum = math.floor(now / 5000), 0
  for i = 0, 5 do
    local ended = redis.pcall('GET', base .. 'drained:' .. whole(slice - i))
    sum = sum + (type(ended) == 'string' and tonumber(ended) or 0)
  end
  return math.floor(sum * 1000 / (25 + now % 5000 / 1000))
end
