#!lua flags=no-writes
-- include clock.lua
-- Reads what is served and by whom.
-- Returns {{model, descriptor, …}, {heartbeat of each worker that lives}}.
local live = redis.call('ZRANGEBYSCORE', base .. 'seen', whole(now), '+inf')
return {redis.call('HGETALL', base .. 'models'), #live > 0 and redis.call('HMGET', base .. 'beats', unpack(live)) or {}}
