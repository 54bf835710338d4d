#!lua flags=no-writes
-- include clock.lua
-- Reads an answer that is kept.
-- ARGV: the request's fingerprint
-- Returns the answer, or false.
return call('GET', base .. ARGV[1])
