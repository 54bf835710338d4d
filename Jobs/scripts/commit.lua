#!lua flags=allow-oom
-- include transitions.lua
-- Stores the results of jobs, of each only if the attempt still holds its lease. Committing again what was committed changes nothing.
-- ARGV: ttl in ms, ttl of dead letters in ms, ttl of events in ms, then of each job: id, attempt, 'succeeded' or 'failed', tenant, its
--       state as the lease gave it, the head to store up to the time of the last change, the Gateway to tell or '', the bytes that
--       count against its tenant's limit, further fields of the head (each behind a tab), result (of a failed one '1' to keep its body, so
--       that it can be run again, or '')
-- Returns for each 1 when the result is this attempt's, 0 when it was refused.
local ids, done, jobs, first = {}, {}, {}, {}
for i = 4, #ARGV, 10 do ids[#ids + 1] = ARGV[i] end

-- Something else in their place fails here, before anything is written.
call('ZCARD', base .. 'leases')
call('ZCARD', base .. 'deadlines')
for i, text in ipairs(call('HMGET', base .. 'state', unpack(ids))) do
  local at = 4 + (i - 1) * 10
  local id, attempt, status = ids[i], ARGV[at + 1], ARGV[at + 2]
  done[i] = 0
  if first[id] then
    -- Of several for one job the first counts.
    if first[id] == attempt .. status then done[i] = 1 end
  elseif text and text == ARGV[at + 4] and attempt == '1' and string.sub(text, 3, 10) == '1 0 0 0 ' and status == 'succeeded' then
    -- The first attempt of a job without events, unchanged since its lease: all that the worker was given still holds.
    done[i] = 1
    first[id] = attempt .. status
    local head, content = ARGV[at + 5], ARGV[at + 9]
    jobs[#jobs + 1] = {id = id, tenant = ARGV[at + 3], leased = true, content_bytes = #content, watchers = ARGV[at + 6],
      counted = tonumber(ARGV[at + 7]), record = head .. elapsed(created_in(head)) .. ARGV[at + 8] .. '\n' .. content}
  else
    local state, head = text and parse_state(text), head_of(id)
    if head and not is_sound(head) then head = nil end
    if state and head then
      if state.status == 'r' and state.attempt == attempt then
        done[i] = 1
        first[id] = attempt .. status
        local content = status == 'failed' and ARGV[at + 9] == '1' and body_of(id) or ARGV[at + 9]
        jobs[#jobs + 1] = ended_job(id, head, state, status, ARGV[at + 8], content, false, ARGV[3])
      end
    elseif head and ended_status(head) == status and string.match(head, '\ta=(%d+)') == attempt then
      done[i] = 1
    end
  end
end

store_ended(jobs, ARGV[1], ARGV[2])
return done
