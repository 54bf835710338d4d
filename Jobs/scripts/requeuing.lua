-- include transitions.lua
-- Whether an ended job has everything that requeueing needs. A damaged job has no body.
local function can_requeue(id, head)
  return string.find(head, '\ta=%d+\th=[^\t]+') ~= nil and call('STRLEN', job_key(id)) > #head + 1
end

-- Requeues a job that ended without a result, with the time limit of its submit. Its attempts continue to count; its failures and lost
-- leases start at 0.
local function requeue(id, head)
  local parsed = parse_head(head)
  local attempt, history = string.match(head, '\ta=(%d+)\th=([^\t]+)')
  -- A deadline counts from the submit, or from the last requeue.
  local since = tonumber(string.match(history, '.*[fce][%d+]+ q(%d+)') or 0)
  local time_left = tonumber(parsed.deadline) - tonumber(parsed.created) - since
  local body = body_of(id)
  local deadline = whole(now + time_left)
  local kept = string.sub(head, 31, string.find(head, '\ts=', 1, true) - 1)

  local state = first_state(parsed.tenant)
  state.attempt, state.history = attempt, history
  -- The numbers of the log's events continue, even if its events have expired.
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
