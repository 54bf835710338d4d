#!lua flags=no-writes
-- include lanes.lua
-- Reads how a queue is.
-- Returns {now, jobs that wait, jobs that run, jobs ended a second in thousandths, 1 when paused, dead letters,
-- then of each lane: jobs that wait, ms since the oldest was submitted or -1}. Of many tenants a lane's first thousand are looked at.
local reply = {now, depth(), call('ZCARD', base .. 'leases'), drain_rate(), call('EXISTS', base .. 'paused'), call('ZCARD', base .. 'dead')}
for _, lane in ipairs(lanes) do
  local waiting, oldest = 0, nil
  for _, tenant in ipairs(call('ZRANGE', lane_key(lane), 0, 999)) do
    waiting = waiting + call('ZCARD', line_key(lane, tenant))
    local first = call('ZRANGE', line_key(lane, tenant), 0, 0, 'WITHSCORES')[2]
    if first and (not oldest or tonumber(first) < oldest) then oldest = tonumber(first) end
  end
  reply[#reply + 1] = waiting
  reply[#reply + 1] = oldest and math.max(0, now - math.floor(oldest / 1000)) or -1
end
return reply
