#!lua flags=allow-oom
-- include transitions.lua
-- Stores the results of jobs, of each only if the attempt still holds its lease. Committing again what was committed changes nothing.
-- ARGV: ttl in ms, ttl of dead letters in ms, ttl of events in ms, then of each job: id, attempt, 'succeeded' or 'failed', tenant, its
--       state as the lease gave it, the head to store up to the time of the last change, the Gateway to tell or '', the bytes that
--       count against its tenant's limit, further fields of the head (each behind a tab), result (of a failed one '1' to keep its body, so
--       that it can be run again, or '')
-- Returns for each 1 when the result is this attempt's, 0 when it was refused.
local args, ids, done, jobs, first = ARGV, {nil}, {nil}, {nil}, {}
for i = 4, #args, 10 do ids[#ids + 1] = args[i] end

-- Something else in their place fails here, before anything is written.
call('ZCARD', base .. 'leases')
call('ZCARD', base .. 'deadlines')

-- What is rarely needed, made when it is: for jobs that did not succeed at once.
local rare
local rarely = function()
  if rare then return rare end

  -- What is to be stored of a job whose lease this attempt holds; otherwise whether the result is this attempt's, stored before.
  rare = function(text, id, attempt, status, fields, result)
    local state, head = text and parse_state(text), head_of(id)
    if not head or not is_sound(head) then return nil, false end
    if not state then return nil, ended_status(head) == status and string.match(head, '\ta=(%d+)') == attempt end
    if state.status ~= 'r' or state.attempt ~= attempt then return nil, false end
    local content = status == 'failed' and result == '1' and body_of(id) or result
    return ended_job(id, head, state, status, fields, content, false, ARGV[3]), true
  end
  return rare
end -- rarely

for i, text in ipairs(call('HMGET', base .. 'state', unpack(ids))) do
  local at = 4 + (i - 1) * 10
  local id, attempt, status, job, is_done = ids[i], args[at + 1], args[at + 2], nil, true
  if first[id] then
    -- Of several for one job the first counts.
    is_done = args[first[id] + 1] == attempt and args[first[id] + 2] == status
  elseif text and text == args[at + 4] and attempt == '1' and string.sub(text, 3, 10) == '1 0 0 0 ' and status == 'succeeded' then
    -- The first attempt of a job without events, unchanged since its lease: all that the worker was given still holds.
    local head, content = args[at + 5], args[at + 9]
    job = {id = id, tenant = args[at + 3], leased = true, content_bytes = #content, watchers = args[at + 6],
      counted = args[at + 7] + 0, record = head .. elapsed(created_in(head)) .. args[at + 8] .. '\n' .. content}
  else
    job, is_done = rarely()(text, id, attempt, status, args[at + 8], args[at + 9])
  end
  if job then
    first[id] = at
    jobs[#jobs + 1] = job
  end
  done[i] = is_done and 1 or 0
end

store_ended(jobs, args[1], args[2])
return done
