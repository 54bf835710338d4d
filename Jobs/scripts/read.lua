#!lua flags=no-writes
-- include reading.lua
-- Reads jobs; see read_jobs.
return read_jobs(false)
