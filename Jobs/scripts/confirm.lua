#!lua flags=allow-oom
-- Does nothing. It is refused where writes are, unless memory is all that lacks: what takes no writes may be a replica with old data.
return 1
