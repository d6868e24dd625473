-- Reading the request's cookies and setting the response's, with the attributes that session affinity uses.

local _M = {}
_M.__index = _M

function _M.new(self)
  return setmetatable({}, self)
end

-- The first cookie of that name: the client sends the one with the longest path first.
function _M.get(self, name)
  for pair in (ngx.var.http_cookie or ""):gmatch("[^;]+") do
    local key, value = pair:match("^%s*([^=]-)%s*=%s*(.-)%s*$")
    if key == name then
      return value
    end
  end
  return nil, "no cookie of that name"
end

local function rendered(cookie)
  local parts = { cookie.key .. "=" .. cookie.value }
  local function add(attribute, value)
    if value then
      parts[#parts + 1] = value == true and attribute or attribute .. "=" .. value
    end
  end
  add("Expires", cookie.expires)
  add("Max-Age", cookie.max_age)
  add("Domain", cookie.domain)
  add("Path", cookie.path)
  add("Secure", cookie.secure)
  add("HttpOnly", cookie.httponly)
  add("SameSite", cookie.samesite)
  return table.concat(parts, "; ")
end

-- A cookie of the same name that this response sets already is replaced: a retry picks another backend.
function _M.set(self, cookie)
  if not (cookie.key and cookie.value) then
    return nil, "a cookie needs a key and a value"
  end
  local present = ngx.header["Set-Cookie"]
  if type(present) ~= "table" then
    present = { present }
  end
  local kept = {}
  local start = cookie.key .. "="
  for _, other in ipairs(present) do
    if other:sub(1, #start) ~= start then
      kept[#kept + 1] = other
    end
  end
  kept[#kept + 1] = rendered(cookie)
  ngx.header["Set-Cookie"] = kept
  return true
end

return _M
