-- include lanes.lua
-- Counts the bytes of a tenant's records in this queue, for its limit. Each record counts in a slot, which is a span of time. Redis has
-- certainly removed the record when its slot ends: the record of an ended job has expired by then, and the deadline of any other job has
-- passed. The sweep drops passed slots with everything that is counted in them. So expiry needs no script, and a wrong count corrects
-- itself.

local function bytes_key(tenant) return base .. 'bytes:' .. tenant end

-- The end (ms) of a record's slot, as text. A slot's length is at most a sixteenth of the record's lifetime, so a tenant has a few dozen.
local function slot_of(created, gone)
  local _, exponent = math.frexp(math.max(1, gone - created) / 32)
  local length = math.ldexp(1, exponent)
  return whole(math.ceil(gone / length) * length)
end

-- The slots of sound records, cached by their times, because the jobs of one call usually have equal times.
local slots_of_times = {}
local function slots_of(record)
  local times = string.sub(record, 3, 29)
  local slots = slots_of_times[times]
  if not slots then
    local created = created_in(record) + 0
    slots = {created = created, waiting = slot_of(created, deadline_in(record) + 0)}
    slots_of_times[times] = slots
  end
  return slots
end

-- The slot of a record that has not ended.
local function waiting_slot(record) return slots_of(record).waiting end

-- The slot of a record that expires at a given time.
local function kept_slot(record, gone)
  local slots = slots_of(record)
  local slot = slots[gone]
  if not slot then
    slot = slot_of(slots.created, gone)
    slots[gone] = slot
  end
  return slot
end

-- The expected bytes of the result, which count until the result is stored. The head is of a job that has ended.
local function reserve_in(head)
  local cost = string.find(head, '\t', 33, true)
  local tenant = string.find(head, '\t', cost + 1, true)
  local named = string.find(head, '\t', string.find(head, '\t', tenant + 1, true), true)
  if string.sub(head, named, named + 2) ~= '\tb=' then return 0 end
  return tonumber(string.sub(head, named + 3, string.find(head, '\t', named + 3, true) - 1)) or 0
end

-- The bytes of a job's record; 0 when its key holds another type.
local function bytes_in(key)
  local bytes = redis.pcall('STRLEN', key)
  return type(bytes) == 'number' and bytes or 0
end

-- Adds changes to a tenant's slots.
local function write_bytes(tenant, slots)
  -- Redis copies tables that grow. These have room for two slots from the start, and most calls need no more.
  local key, fields, set, last, sum = bytes_key(tenant), {'', nil, nil}, {'', '', nil, nil, nil, nil}, 1, 0
  for slot, bytes in pairs(slots) do
    if bytes ~= 0 then
      last = last + 1
      fields[last] = slot
    end
  end
  local counted = mild('HMGET', key, unpack(fields))
  for i = 2, last do
    local slot, before = fields[i], counted[i] and tonumber(counted[i]) or 0
    -- The bytes of a dropped slot are subtracted already.
    local after = math.max(0, before + slots[slot])
    sum = sum + after - before
    if counted[i] or after > 0 then
      local length = #set
      set[length + 1], set[length + 2] = slot, whole(after)
    end
    if not counted[i] and after > 0 then mild('ZADD', base .. 'bytes', slot, slot .. ' ' .. tenant) end
  end
  if #set > 2 then
    set[2] = whole((counted[1] and tonumber(counted[1]) or 0) + sum)
    call('HSET', key, unpack(set))
  end
end

local function bytes_of(tenant)
  local bytes = mild('HGET', bytes_key(tenant), '')
  return bytes and tonumber(bytes) or 0
end

-- Drops passed slots, and sums up the remaining slots of their tenants.
local function forget_bytes(most)
  for _, due in ipairs(mild('ZRANGEBYSCORE', base .. 'bytes', '-inf', now_ms, 'LIMIT', 0, most)) do
    local blank = string.find(due, ' ', 1, true) or #due + 1
    local tenant = string.sub(due, blank + 1)
    local key, sum = bytes_key(tenant), 0
    call('ZREM', base .. 'bytes', due)
    mild('HDEL', key, string.sub(due, 1, blank - 1))
    local fields = call('HGETALL', key)
    for i = 2, #fields, 2 do
      if fields[i - 1] ~= '' then sum = sum + (tonumber(fields[i]) or 0) end
    end
    if sum > 0 then
      call('HSET', key, '', whole(sum))
    else
      -- The tenant has no bytes left, so its other slots are empty before their time.
      for i = 1, #fields, 2 do call('ZREM', base .. 'bytes', fields[i] .. ' ' .. tenant) end
      call('DEL', key)
    end
  end
end
