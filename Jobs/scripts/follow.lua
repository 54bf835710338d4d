#!lua flags=allow-oom
-- include reading.lua
-- Reads a job and its log, and subscribes a Gateway to further events. This is atomic, so no event is missed. See read_log.
return read_log(true)
