-- Shared by the scripts that include it. `base` is the script's one key; see RedisKeys.cs for every name built from it.
-- The time is Redis' own. Times are kept as text, because formatting numbers and matching patterns cost a script more than Redis' commands
-- do.
local call = redis.call
local base = KEYS[1]
local time = call('TIME')
local now_ms = time[1] .. string.sub('00000' .. time[2], -6, -4)
local now = now_ms + 0

-- Whole numbers in scores and fields are written in full; Lua alone would write 1.7e+15. '%d' takes a quarter of the time of '%.0f'.
local function whole(number) return string.format('%d', number) end
