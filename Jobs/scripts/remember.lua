#!lua
-- include clock.lua
-- Remembers an answer for some time.
-- ARGV: the request's fingerprint, the answer, ttl in ms
call('SET', base .. ARGV[1], ARGV[2], 'PX', ARGV[3])
return 1
