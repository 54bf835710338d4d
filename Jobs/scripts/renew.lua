#!lua flags=allow-oom
-- include records.lua
-- Prolongs leases.
-- ARGV: lease in ms, then id and attempt of each job
-- Returns for each job 1 when its lease is prolonged, 0 when the attempt no longer holds the lease.
local until_ms, ids, held, prolonged = whole(now + tonumber(ARGV[1])), {}, {}, {}
for i = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end

for i, text in ipairs(call('HMGET', base .. 'state', unpack(ids))) do
  local state = text and parse_state(text)
  local ours = state and state.status == 'r' and state.attempt == ARGV[1 + 2 * i]
  if ours then
    prolonged[#prolonged + 1] = until_ms
    prolonged[#prolonged + 1] = ids[i]
  end
  held[i] = ours and 1 or 0
end
if #prolonged > 0 then call('ZADD', base .. 'leases', 'XX', unpack(prolonged)) end
return held
