--- Every rule by its name: a function of the tree, a report and the house.

local modules = {
  "bans", "budgets", "docs", "headers", "lists", "rooms", "specs", "text",
}

local rules = {}

for _, module in ipairs(modules) do
  for name, rule in pairs(require("tools.tidy." .. module)) do
    assert(rules[name] == nil, name)
    rules[name] = rule
  end
end

return rules
