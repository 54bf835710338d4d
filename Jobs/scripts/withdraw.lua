#!lua flags=allow-oom
-- include lanes.lua
-- Withdraws what a worker has offered, so that no submit leases to it any more.
-- ARGV: worker
return mild('HDEL', base .. 'offers', ARGV[1])
