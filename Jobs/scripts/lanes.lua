-- include records.lua
-- The waiting jobs: in each lane, each tenant has its own line of jobs. Tenants share a lane by start-time fair queueing. A tenant's score
-- in the lane is the start tag of its first job; serving a job of cost c adds c to the tag.

local lanes = {'i', 'd', 'b'}

local function lane_key(lane) return base .. 'lane:' .. lane end
local function line_key(lane, tenant) return base .. 'line:' .. lane .. ':' .. tenant end
local function fair_key(lane) return base .. 'fair:' .. lane end

-- Runs a command on a key whose content can be rebuilt (counts, marks, wishes, lists for operators). If the key holds another type, the key
-- is deleted first.
local function mild(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  call('DEL', key)
  return call(command, key, ...)
end

-- Fails before anything is written if a key of the queue's own structure holds another type.
local function check_structure()
  for _, name in ipairs({'deadlines', 'leases', 'delayed', 'alone'}) do call('ZCARD', base .. name) end
  for _, lane in ipairs(lanes) do call('ZCARD', lane_key(lane)) end
  call('HLEN', base .. 'state')
end

-- Notifies the workers that wait for jobs. Each is notified once.
local function ring()
  if call('DEL', base .. 'waiting') == 1 then call('PUBLISH', base .. 'doorbell', '') end
end

-- Notifies the Gateways that stream a job's events of new ones.
local function tell_followers(ids)
  if #ids == 0 or call('EXISTS', base .. 'follow') == 0 then return end
  local queue = string.sub(base, 5, -3)
  for i, followers in ipairs(mild('HMGET', base .. 'follow', unpack(ids))) do
    for gateway in string.gmatch(followers or '', '%S+') do
      call('PUBLISH', 'ai:gateway:' .. gateway, 'changed ' .. queue .. ' ' .. ids[i] .. '\n')
    end
  end
end

-- Adds a tenant whose line was empty to a lane. It starts at the lane's tag, or at its own last tag if that is later.
local function join(lane, tenant)
  local tags = mild('HMGET', fair_key(lane), '', tenant)
  call('ZADD', lane_key(lane), whole(math.max(tonumber(tags[1] or 0) or 0, tonumber(tags[2] or 0) or 0)), tenant)
  if tags[2] then call('HDEL', fair_key(lane), tenant) end
end

-- Removes a tenant whose line is empty from a lane. Its tag is kept while other tenants wait in the lane; an empty lane drops all tags.
local function leave(lane, tenant, tag)
  call('ZREM', lane_key(lane), tenant)
  if call('EXISTS', lane_key(lane)) == 0 then call('DEL', fair_key(lane))
  else mild('HSET', fair_key(lane), tenant, whole(tag)) end
end

-- Adds a job to its line, at the place of its submit, even if it was leased before.
local function enqueue(id, head)
  call('ZADD', line_key(head.lane, head.tenant), head.created .. '000', id)
  if not call('ZSCORE', lane_key(head.lane), head.tenant) then join(head.lane, head.tenant) end
end

-- Removes a waiting job from its line, from the delayed jobs, and from those that must run alone.
local function dequeue(id, head)
  local line = line_key(head.lane, head.tenant)
  if call('ZREM', line, id) == 1 then
    if call('EXISTS', line) == 0 then leave(head.lane, head.tenant, tonumber(call('ZSCORE', lane_key(head.lane), head.tenant) or 0)) end
  else
    call('ZREM', base .. 'delayed', id)
    call('ZREM', base .. 'alone', id)
  end
end

-- The number of waiting jobs in all lanes, including delayed ones.
local function depth() return call('ZCARD', base .. 'deadlines') - call('ZCARD', base .. 'leases') end

-- The number of a tenant's jobs in its lines.
local function depth_of(tenant)
  local sum = 0
  for _, lane in ipairs(lanes) do sum = sum + call('ZCARD', line_key(lane, tenant)) end
  return sum
end

-- Estimates how many jobs are leased before a waiting job: those before it in its line, as many of each other tenant in its lane, and all
-- jobs of the lanes before. It reads the first hundred tenants of a lane. -1 when the job is in no line.
local rivals = {}
local function position_of(id, head)
  local ahead = call('ZRANK', line_key(head.lane, head.tenant), id)
  if not ahead then return -1 end
  local sum = ahead
  for _, lane in ipairs(lanes) do
    -- The other tenants of its lane have no job before the first one of its line.
    if lane == head.lane and ahead == 0 then break end
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

-- Counts ended jobs in slices of 5 s. The last 30 s are kept.
local function drained(count)
  local slice = base .. 'drained:' .. whole(math.floor(now / 5000))
  if mild('INCRBY', slice, count) == count then call('PEXPIRE', slice, 35000) end
end

-- Jobs that ended per second over the last 25 to 30 s, in thousandths.
local function drain_rate()
  local slice, sum = math.floor(now / 5000), 0
  for i = 0, 5 do
    local ended = redis.pcall('GET', base .. 'drained:' .. whole(slice - i))
    sum = sum + (type(ended) == 'string' and tonumber(ended) or 0)
  end
  return math.floor(sum * 1000 / (25 + now % 5000 / 1000))
end

-- What a worker has offered: the jobs that it holds, how many more it runs, its lease in ms, the most running jobs of one tenant (0: no
-- limit), the time until which the offer is kept, how many jobs submits have leased to it, and the time of the last of them.
local function format_offer(held, room, lease, most_running, till, handed, handed_at)
  return '1 ' .. held .. ' ' .. room .. ' ' .. lease .. ' ' .. most_running .. ' ' .. till .. ' ' .. handed .. ' ' .. handed_at
end
