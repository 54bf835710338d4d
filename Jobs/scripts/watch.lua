#!lua flags=allow-oom
-- include reading.lua
-- Reads jobs and, of those that have not ended, notes who wants to be told of the end: nothing can happen between the two. See read_jobs.
return read_jobs(true)
