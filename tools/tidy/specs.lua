--- Rules about specs: none may leave anything behind.

local rules = {}

local WATCHES = { "leaks.watch()", "rows.describe(" } -- the second does it too

local function watches(tree, path)
  for _, words in ipairs(WATCHES) do
    if tree:text(path):find(words, 1, true) then return true end
  end
  return false
end

function rules.leak_watch(tree, report)
  for path in tree:paths "^spec/.*_spec%.lua$" do
    if not watches(tree, path) then
      report(path, 1, "does not call leaks.watch()")
    end
  end
end

return rules
