-- Weighted round robin in its smooth form: a node of weight 2 among nodes of weight 1 gets every other turn or so,
-- never two at once while others wait.

local _M = {}
_M.__index = _M

function _M.new(self, nodes)
  local balancer = setmetatable({}, self)
  balancer:reinit(nodes)
  return balancer
end

-- `nodes` maps each node's name to its weight.
function _M.reinit(self, nodes)
  self.nodes = nodes
  self.total = 0
  self.turns = {}
  for name, weight in pairs(nodes) do
    if weight > 0 then
      self.total = self.total + weight
      self.turns[#self.turns + 1] = { name = name, weight = weight, credit = 0 }
    end
  end
  -- Every worker of every controller starts anew after a change: without this all of them would send their first
  -- request to the same node.
  for _ = 1, math.random(0, #self.turns) do
    self:find()
  end
end

function _M.find(self)
  local best
  for _, turn in ipairs(self.turns) do
    turn.credit = turn.credit + turn.weight
    if not best or turn.credit > best.credit then
      best = turn
    end
  end
  if not best then
    return nil
  end
  best.credit = best.credit - self.total
  return best.name
end

return _M
