#!lua flags=allow-oom
-- include clock.lua
-- Pauses or resumes leasing from a queue. Running jobs continue.
-- ARGV: '1' to pause, '0' to resume
if ARGV[1] == '1' then
  call('SET', base .. 'paused', now_ms)
elseif call('DEL', base .. 'paused') == 1 then
  call('DEL', base .. 'waiting')
  call('PUBLISH', base .. 'doorbell', '')
end
