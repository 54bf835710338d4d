-- Shared by the scripts that include it. `base` is the script's one key; see RedisKeys.cs for every name built from it.
-- The clock is Redis' own.
local call = redis.call
local base = KEYS[1]
local time = call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)

-- Numbers in scores and fields are written in full: Lua's own form would be 1.7e+15.
local function whole(number) return string.format('%.0f', number) end
