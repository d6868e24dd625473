-- Limits across controllers need a memcached and its client. The caller logs the error and lets the request pass.

local _M = {}

function _M.new()
  return nil, "this image has no memcached client for global rate limits"
end

return _M
