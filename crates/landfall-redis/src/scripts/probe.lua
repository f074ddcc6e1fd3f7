-- KEYS: a name that nothing is kept under. ARGV: the channel. Calls every command of the other scripts so that nothing is
-- changed; which ones are refused, each followed by Redis's words.
local key, refused = KEYS[1], {}
local function try(name, ...)
  local answer = redis.pcall(name, ...)
  if type(answer) == 'table' and answer.err then
    refused[#refused + 1] = name
    refused[#refused + 1] = answer.err
  end
end
try('get', key)
try('getrange', key, 0, 0)
try('set', key, '', 'XX', 'PX', 1)
try('del', key)
try('pttl', key)
try('pexpire', key, 1)
try('zadd', key, 'XX', 0, '')
try('zcard', key)
try('zrange', key, 0, 0)
try('zrangebyscore', key, 0, 0)
try('zrem', key, '')
try('zrevrange', key, 0, 0)
-- Nothing was changed: an empty message is a change of nothing.
try('publish', ARGV[1], '')
return refused
