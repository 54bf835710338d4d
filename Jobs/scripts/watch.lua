#!lua flags=allow-oom
-- include reading.lua
-- Reads jobs, and subscribes a Gateway to the end of those that have not ended. This is atomic, so no end is missed. See read_jobs.
return read_jobs(true)
