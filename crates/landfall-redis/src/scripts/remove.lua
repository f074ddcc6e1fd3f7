-- KEYS: record. ARGV: prefix, now, key.
local key = ARGV[3]
local record = head(key)
if not record then return 0 end
take(key, record)
tell(key)
return record.ended and 0 or 1
