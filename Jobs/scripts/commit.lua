#!lua flags=allow-oom
-- include transitions.lua
-- Stores the results of jobs. A result is stored only if the attempt still holds the job's lease. Repeating a commit changes nothing.
-- ARGV: ttl in ms, ttl of dead letters in ms, ttl of events in ms, then for each job: id, attempt, 'succeeded' or 'failed', tenant, its
--       state as the lease returned it, the head to store up to the time of the last change, the Gateway to notify or '', the bytes that
--       count toward its tenant's limit, further fields of the head (each after a tab), result (for a failed job '1' to keep its body, so
--       that it can be run again, or '')
-- Returns 1 for each job whose stored result is this attempt's, and 0 for each that was refused.
local args, ids, done, jobs, first = ARGV, {nil}, {nil}, {nil}, {}
for i = 4, #args, 10 do ids[#ids + 1] = args[i] end

-- If one of these keys holds another type, this fails before anything is written.
call('ZCARD', base .. 'leases')
call('ZCARD', base .. 'deadlines')

-- Functions for jobs that did not succeed in their first attempt. They are created on first use, because most calls do not need them.
local rare
local rarely = function()
  if rare then return rare end

  -- The job to store if this attempt holds its lease; otherwise whether the stored result is this attempt's.
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
    -- If a call has several results for one job, the first one counts.
    is_done = args[first[id] + 1] == attempt and args[first[id] + 2] == status
  elseif text and text == args[at + 4] and attempt == '1' and string.sub(text, 3, 10) == '1 0 0 0 ' and status == 'succeeded' then
    -- The first attempt of a job without events, unchanged since its lease: everything that the worker was given is still valid.
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
