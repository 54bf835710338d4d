#!lua flags=allow-oom
-- include transitions.lua
-- Stores the results of jobs, of each only if the attempt still holds its lease. Committing again what was committed changes nothing.
-- ARGV: ttl in ms, ttl of dead letters in ms, ttl of events in ms, then of each job: id, attempt, 'succeeded' or 'failed', fields of
--       its head (each behind a tab), result (of a failed one '': its body is kept)
-- Returns for each 1 when the result is this attempt's, 0 when it was refused.
local ids, done, jobs = {}, {}, {}
for i = 4, #ARGV, 5 do ids[#ids + 1] = ARGV[i] end

for i, text in ipairs(call('HMGET', base .. 'state', unpack(ids))) do
  local at = 4 + (i - 1) * 5
  local id, attempt, status = ids[i], ARGV[at + 1], ARGV[at + 2]
  local state, head = text and parse_state(text), head_of(id)
  done[i] = 0
  if state and head then
    if state.status == 'r' and state.attempt == attempt then
      done[i] = 1
      jobs[#jobs + 1] = {id = id, head = head, state = state, status = status, fields = ARGV[at + 3],
        content = status == 'succeeded' and ARGV[at + 4] or body_of(id)}
    end
  elseif head and ended_status(head) == status and string.match(head, '\ta=(%d+)') == attempt then
    done[i] = 1
  end
end

finish(jobs, ARGV[1], ARGV[2], ARGV[3])
return done
