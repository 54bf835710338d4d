#!lua flags=allow-oom
-- include reading.lua
-- Reads a job and its log, and notes which Gateway wants to be told of further events: nothing can happen between the two. See read_log.
return read_log(true)
