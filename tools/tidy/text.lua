--- Rules about plain text: width, space, words.

local ALL = ""

local rules = {}

function rules.encoding(tree, report)
  for path, number, line in tree:each_line("text", ALL) do
    if not utf8.len(line) then report(path, number, "not UTF-8") end
  end
end

function rules.columns(tree, report, house)
  local message = ("wider than %d columns"):format(house.columns)
  for _, folder in ipairs(house.folders) do
    local files = "^" .. folder .. "/"
    for path, number, line in tree:each_line("text", files, house.wide) do
      if (utf8.len(line) or #line) > house.columns then
        report(path, number, message)
      end
    end
  end
end

function rules.trailing_space(tree, report)
  for path, number, line in tree:each_line("text", ALL) do
    if line:find "%s$" then report(path, number, "trailing space") end
  end
end

function rules.tabs(tree, report, house)
  for path, number, line in tree:each_line("text", ALL, house.tabbed) do
    if line:find "\t" then report(path, number, "tab") end
  end
end

function rules.last_newline(tree, report)
  for path in tree:paths(ALL) do
    local text, last = tree:text(path), #tree:lines(path)
    if not text:find "\n$" then
      report(path, math.max(last, 1), "no newline at the end")
    elseif text:find "\n\n$" or text == "\n" then
      report(path, last, "blank line at the end")
    end
  end
end

function rules.leftovers(tree, report, house)
  for path, number, line in tree:each_line("text", ALL) do
    for _, word in ipairs(house.leftovers) do
      -- A word right after a quote is mentioned, not used.
      if line:find("%f[%w_\"'`]" .. word .. "%f[^%w_]") then
        report(path, number, "leftover " .. word)
      end
    end
  end
end

function rules.machine_paths(tree, report, house)
  local except = house.may_name_machine
  for path, number, line in tree:each_line("text", ALL, except) do
    for _, folder in ipairs(house.machine) do
      -- After a letter or dot it is part of another path or of an address.
      if line:find("%f[%w_./-]/+" .. folder .. "/") then
        local message = "names a developer's machine: /%s/"
        report(path, number, message:format(folder))
      end
    end
  end
end

return rules
