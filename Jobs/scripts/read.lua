#!lua flags=allow-oom
-- include lanes.lua
-- Reads jobs and, of those that have not ended, notes who wants to be told of the end: nothing can happen between the two.
-- ARGV: of each job: id, watcher or '', '1' to read the result too
-- Returns for each {record, or its head and a line end; state or ''; place in the queue, or -1 when it has none or a watcher asks, who
-- waits for the end and not for a place}, or an empty row when it is not there.
local rows = {}

-- About how many jobs are leased before this one: those before it in its line, as many of each other tenant in its lane, and
-- whatever waits in the lanes before. Of many tenants the first hundred are looked at.
local function place_of(id, head)
  local ahead = call('ZRANK', line_key(head.lane, head.tenant), id)
  if not ahead then return -1 end
  local sum = ahead
  for _, lane in ipairs(lanes) do
    for _, tenant in ipairs(call('ZRANGE', lane_key(lane), 0, 99)) do
      local waiting = call('ZCARD', line_key(lane, tenant))
      if lane ~= head.lane then sum = sum + waiting
      elseif tenant ~= head.tenant then sum = sum + math.min(ahead, waiting) end
    end
    if lane == head.lane then break end
  end
  return sum
end

for i = 1, #ARGV, 3 do
  local id, watcher = ARGV[i], ARGV[i + 1]
  local head, row = head_of(id), {}
  if head and not is_known(head) then
    row = {head .. '\n', '', -1}
  elseif head and ended_status(head) then
    row = {ARGV[i + 2] == '1' and call('GET', job_key(id)) or head .. '\n', '', -1}
  elseif head then
    local state, parsed = call('HGET', base .. 'state', id) or '', parse_head(head)
    if watcher ~= '' and string.match(head, '\tw=([^\t]+)') ~= watcher then
      local watchers = call('HGET', base .. 'watch', id)
      if not watchers then call('HSET', base .. 'watch', id, watcher)
      elseif not string.find(' ' .. watchers .. ' ', ' ' .. watcher .. ' ', 1, true) then
        call('HSET', base .. 'watch', id, watchers .. ' ' .. watcher)
      end
    end
    local running = string.sub(state, 1, 1) == 'r'
    if state ~= '' and parse_state(state).events > 0 then
      local progress = call('HGET', base .. 'progress', id)
      if progress then head = head .. '\tp=' .. progress end
    end
    row = {head .. '\n', state, (running or watcher ~= '') and -1 or place_of(id, parsed)}
  end
  rows[#rows + 1] = row
end
return rows
