#!lua flags=no-writes
-- include records.lua
-- Lists a tenant's jobs without their results, the newest first.
-- ARGV: tenant, status or '', id before which the list begins or '', most jobs to return, most jobs to read
-- Returns {the last id that was read, or '' at the end of the list; then for each job its id, its head with a line end, and its state or
-- ''}.
local tenant, wanted, before, most, most_looked = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local reply, looked, last = {''}, 0, before
local names = {r = 'running', q = 'queued'}

while looked < most_looked do
  local ids = redis.pcall('ZRANGE', base .. 'jobs:' .. tenant, last == '' and '+' or '(' .. last, '-', 'BYLEX', 'REV', 'LIMIT', 0, 100)
  -- If the key holds another type, the list counts as empty; the next submit begins a new one.
  if ids.err or #ids == 0 then return reply end
  for _, id in ipairs(ids) do
    last, looked = id, looked + 1
    local head = head_of(id)
    if head then
      local status, state = wanted, ''
      if is_known(head) then status = ended_status(head) end
      if not status then
        state = call('HGET', base .. 'state', id) or ''
        status = state == '' and 'queued' or names[string.sub(state, 1, 1)]
      end
      if wanted == '' or wanted == status then
        reply[#reply + 1] = id
        reply[#reply + 1] = head .. '\n'
        reply[#reply + 1] = state
      end
    end
    if #reply >= 3 * most then
      reply[1] = last
      return reply
    end
  end
end
reply[1] = last
return reply
