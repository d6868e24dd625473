-- Used for exceptions from global rate limits only, which this image does not have. The caller logs the error.

local _M = {}

function _M.new()
  return nil, "this image has no global rate limits"
end

return _M
