#!lua flags=no-writes
-- include clock.lua
-- Reads a remembered answer.
-- ARGV: the request's fingerprint
-- Returns the answer, or false.
return call('GET', base .. ARGV[1])
