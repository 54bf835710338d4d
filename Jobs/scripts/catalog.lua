#!lua flags=no-writes
-- Reads what is served and by whom.
-- Returns {{model, descriptor, …}, {heartbeat of each worker that lives}}.
local base = KEYS[1]
local time = redis.call('TIME')
local live = redis.call('ZRANGEBYSCORE', base .. 'seen', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), '+inf')
return {redis.call('HGETALL', base .. 'models'), #live > 0 and redis.call('HMGET', base .. 'beats', unpack(live)) or {}}
