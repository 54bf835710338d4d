-- include lanes.lua
-- Reads jobs, and subscribes Gateways to their changes.

-- Adds a Gateway to the subscribers of a job.
local function tell_later(hash, id, gateway)
  local known = mild('HGET', base .. hash, id)
  if not known then call('HSET', base .. hash, id, gateway)
  elseif not string.find(' ' .. known .. ' ', ' ' .. gateway .. ' ', 1, true) then
    call('HSET', base .. hash, id, known .. ' ' .. gateway)
  end
end

-- Reads jobs.
-- ARGV: for each job: id, watcher or '', '1' to read the result too
-- Returns for each job {record, or its head with a line end; state or ''; place in the queue}, or an empty row when the job does not exist.
-- The place is -1 when the job is in no line, and for a watcher, which waits for the end only. A damaged record is returned as it is.
local function read_jobs(notes_watchers)
  local rows = {}
  for i = 1, #ARGV, 3 do
    local id, watcher = ARGV[i], ARGV[i + 1]
    local head, row = head_of(id), {}
    if head and not is_sound(head) then
      row = {head .. '\n', '', -1}
    elseif head and ended_status(head) then
      row = {ARGV[i + 2] == '1' and call('GET', job_key(id)) or head .. '\n', '', -1}
    elseif head then
      local state, parsed = call('HGET', base .. 'state', id) or '', parse_head(head)
      if notes_watchers and watcher ~= '' and string.match(head, '\tw=([^\t]+)') ~= watcher then tell_later('watch', id, watcher) end
      local running, known = string.sub(state, 1, 1) == 'r', state ~= '' and parse_state(state)
      if known and known.events > 0 then
        local progress = redis.pcall('HGET', base .. 'progress', id)
        if type(progress) == 'string' and not string.find(progress, '%c') then head = head .. '\tp=' .. progress end
      end
      row = {head .. '\n', state, (running or watcher ~= '') and -1 or position_of(id, parsed)}
    end
    rows[#rows + 1] = row
  end
  return rows
end

-- Reads a job and its log.
-- ARGV: id, number of the last event that the caller knows, follower or '', most events
-- Returns {record with the result, or its head with a line end; state or ''; events after that number}, or nothing when the job does not
-- exist.
local function read_log(notes_follower)
  local id, after, follower, most = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
  local head = head_of(id)
  if not head then return nil end
  if is_newer(head) then return redis.error_reply(newer) end
  if not is_sound(head) then return {head .. '\n', '', {}} end

  local entries = redis.pcall('XRANGE', base .. 'events:' .. id, '(' .. whole(after) .. '-1', '+', 'COUNT', most)
  if entries.err then entries = {} end
  if ended_status(head) then return {call('GET', job_key(id)), '', entries} end

  if notes_follower and follower ~= '' then tell_later('follow', id, follower) end
  return {head .. '\n', call('HGET', base .. 'state', id) or '', entries}
end
