#!lua
-- include clock.lua
-- Keeps an answer for a while.
-- ARGV: the request's fingerprint, the answer, ttl in ms
call('SET', base .. ARGV[1], ARGV[2], 'PX', ARGV[3])
return 1
