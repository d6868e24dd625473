-- A lock that all workers share: whoever adds the key to the shared dictionary holds it until it deletes the key
-- or its time runs out.

local FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.5

local _M = {}
_M.__index = _M

-- `options`: `timeout`, how many seconds to wait for it (5); `exptime`, after how many it is let go by itself (30).
function _M.new(self, dictionary, options)
  local shared = ngx.shared[dictionary]
  if not shared then
    return nil, "dictionary not found"
  end
  options = options or {}
  return setmetatable({
    shared = shared,
    timeout = options.timeout or 5,
    exptime = options.exptime or 30,
  }, self)
end

-- Returns the seconds that it waited, or nil and what went wrong ("timeout").
function _M.lock(self, key)
  if self.held then
    return nil, "locked"
  end
  local waited, pause = 0, FIRST_PAUSE
  while true do
    local added, problem = self.shared:add(key, true, self.exptime)
    if added then
      self.held = key
      return waited
    end
    if problem ~= "exists" then
      return nil, problem
    end
    local left = self.timeout - waited
    if left <= 0 then
      return nil, "timeout"
    end
    pause = math.min(pause * 2, LONGEST_PAUSE, left)
    ngx.sleep(pause)
    waited = waited + pause
  end
end

function _M.unlock(self)
  if not self.held then
    return nil, "unlocked"
  end
  local key = self.held
  self.held = nil
  return self.shared:delete(key)
end

return _M
