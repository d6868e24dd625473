-- Only OCSP stapling (off by default) makes requests of its own, and says in the log that it could not.

local REASON = "this image has no HTTP client for OCSP"

local _M = {}
_M.__index = _M

function _M.new(self)
  return setmetatable({}, self or _M)
end

function _M.set_timeout() end

function _M.parse_uri()
  return nil, REASON
end

function _M.request_uri()
  return nil, REASON
end

return _M
