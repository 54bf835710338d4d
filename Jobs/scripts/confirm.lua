#!lua flags=allow-oom
-- Does nothing. It fails when Redis takes no writes for another reason than a lack of memory: then Redis may be a replica with old data.
return 1
