#!lua flags=no-writes
-- include reading.lua
-- Reads a job and its log; see read_log.
return read_log(false)
