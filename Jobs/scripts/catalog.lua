#!lua flags=no-writes
-- include clock.lua
-- Reads the served models and the live workers.
-- Returns {{model, descriptor, …}, {heartbeat of each live worker}}.
local live = call('ZRANGEBYSCORE', base .. 'seen', now_ms, '+inf')
return {call('HGETALL', base .. 'models'), #live > 0 and call('HMGET', base .. 'beats', unpack(live)) or {}}
