#!lua flags=no-writes
-- include clock.lua
-- Reads what is served and by whom.
-- Returns {{model, descriptor, …}, {heartbeat of each worker that lives}}.
local live = call('ZRANGEBYSCORE', base .. 'seen', now_ms, '+inf')
return {call('HGETALL', base .. 'models'), #live > 0 and call('HMGET', base .. 'beats', unpack(live)) or {}}
