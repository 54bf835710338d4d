#!lua flags=allow-oom
-- include transitions.lua
-- Puts a job aside that a process could not read, if it has not changed since it was read.
-- ARGV: id, first line of its record as it was read, its state or '' when it had none, why it cannot be read, ttl in ms, error of a damaged
--       job
-- Returns 1, or 0 when the job has changed.
local id, head = ARGV[1], head_of(ARGV[1])
if head ~= ARGV[2] or ARGV[3] ~= '' and call('HGET', base .. 'state', id) ~= ARGV[3] then return 0 end
damaged_error, damaged_ttl = ARGV[6], ARGV[5]
check_structure()
put_aside(id, nil, ARGV[4])
return 1
