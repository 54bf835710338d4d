#!lua flags=allow-oom
-- include clock.lua
-- Stores a worker's heartbeat, and the models that it serves.
-- ARGV: worker, heartbeat (JSON) or '' when the worker leaves, ms until the worker counts as gone, ms until a model without workers is
--       forgotten, then name and descriptor (JSON) of each model
local worker, beat = ARGV[1], ARGV[2]

if beat == '' then
  call('ZREM', base .. 'seen', worker)
  call('HDEL', base .. 'beats', worker)
else
  call('ZADD', base .. 'seen', whole(now + tonumber(ARGV[3])), worker)
  call('HSET', base .. 'beats', worker, beat)
end
for i = 5, #ARGV, 2 do
  call('HSET', base .. 'models', ARGV[i], ARGV[i + 1])
  call('ZADD', base .. 'models_seen', now_ms, ARGV[i])
end

local function forget(index, hash, before)
  for _, name in ipairs(call('ZRANGEBYSCORE', base .. index, '-inf', '(' .. whole(before))) do
    call('ZREM', base .. index, name)
    call('HDEL', base .. hash, name)
  end
end
forget('seen', 'beats', now)
forget('models_seen', 'models', now - tonumber(ARGV[4]))
