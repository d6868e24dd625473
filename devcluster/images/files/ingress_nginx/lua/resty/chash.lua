-- Consistent hashing: each node owns many points of a ring, and a key belongs to the first point at or after its
-- own. A node that comes or goes moves only the keys of its own share.

local bit = require("bit")

local md5_bin = ngx.md5_bin

local POINTS_PER_WEIGHT = 160
local NUMBERS_PER_HASH = 4

local _M = {}
_M.__index = _M

-- The `index`th 32-bit number of a hash, counted from 0.
local function number_at(hash, index)
  local a, b, c, d = hash:byte(index * 4 + 1, index * 4 + 4)
  return a + bit.lshift(b, 8) + bit.lshift(c, 16) + d * 2 ^ 24
end

function _M.new(self, nodes)
  local ring = setmetatable({}, self)
  ring:reinit(nodes)
  return ring
end

-- `nodes` maps each node's name to its weight.
function _M.reinit(self, nodes)
  local points = {}
  for name, weight in pairs(nodes) do
    for i = 1, POINTS_PER_WEIGHT / NUMBERS_PER_HASH * weight do
      local hash = md5_bin(name .. "\0" .. i)
      for j = 0, NUMBERS_PER_HASH - 1 do
        points[#points + 1] = { at = number_at(hash, j), name = name }
      end
    end
  end
  -- The order of `pairs` differs between workers, and all of them have to agree.
  table.sort(points, function(p, q)
    return p.at < q.at or (p.at == q.at and p.name < q.name)
  end)
  self.nodes = nodes
  self.points = points
end

function _M.find(self, key)
  local points = self.points
  if #points == 0 then
    return nil
  end
  local at = number_at(md5_bin(tostring(key)), 0)
  local low, high = 1, #points + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if points[middle].at < at then
      low = middle + 1
    else
      high = middle
    end
  end
  return (points[low] or points[1]).name
end

return _M
