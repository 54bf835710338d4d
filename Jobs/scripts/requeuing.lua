-- include transitions.lua
-- Whether what must be known of an ended job is there; a job that was damaged has no body.
local function can_requeue(id, head)
  return string.find(head, '\ta=%d+\th=[^\t]+') ~= nil and call('STRLEN', job_key(id)) > #head + 1
end

-- Makes a job wait again that ended without a result, with as much time as it had at first. Its attempts go on counting, and
-- failures and lost leases begin anew.
local function requeue(id, head)
  local parsed = parse_head(head)
  local attempt, history = string.match(head, '\ta=(%d+)\th=([^\t]+)')
  -- A deadline is reckoned from the submit, or from the last time that the job was made to wait again after its end.
  local since = tonumber(string.match(history, '.*[fce][%d+]+ q(%d+)') or 0)
  local time_left = tonumber(parsed.deadline) - tonumber(parsed.created) - since
  local body = body_of(id)
  local deadline = whole(now + time_left)
  local kept = string.sub(head, 31, string.find(head, '\ts=', 1, true) - 1)

  local state = first_state(parsed.tenant)
  state.attempt, state.history = attempt, history
  -- The log goes on where it was, also when what was in it has expired.
  state.events = tonumber(string.match(history, '%+(%d+)$') or 0)
  note(state, 'q', parsed.created)
  local record, changes = '1\t' .. parsed.created .. '\t' .. deadline .. '\t' .. kept .. '\n' .. body, {}
  local before, after = kept_slot(head, call('PEXPIRETIME', job_key(id))), waiting_slot(record)
  changes[before] = -bytes_in(job_key(id))
  changes[after] = (changes[after] or 0) + #record + reserve_in(head)
  write_bytes(parsed.tenant, changes)
  call('SET', job_key(id), record)
  call('PERSIST', base .. 'events:' .. id)
  call('HSET', base .. 'state', id, format_state(state))
  call('ZADD', base .. 'deadlines', deadline, id)
  call('ZREM', base .. 'dead', id)
  enqueue(id, parsed)
end
