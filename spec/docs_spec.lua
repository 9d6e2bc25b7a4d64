--- Every block of Lua in the README and the docs runs, and prints what the
-- text block after it says.
local core = require "uring.core"
local foreign = require "spec.support.foreign"
local leaks = require "spec.support.leaks"
local rows = require "spec.support.rows"

leaks.watch()

local LUA = os.getenv("LUA") or "lua5.4"
local PATH = foreign.path()
local TIME_LIMIT = 20 -- seconds, for one block
-- An emulated machine may be too slow for an order that pauses bring about.
local TRIES = os.getenv "URING_EMULATED" and 5 or 1

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

-- Paths from here on hold in any directory.
local function absolute(path, here)
  return (";" .. path):gsub(";(%.?/?)([^;/][^;]*)", function(dot, rest)
    if dot == "/" then return ";/" .. rest end
    return ";" .. here .. "/" .. rest
  end):sub(2)
end

local function run(code)
  local pipe = io.popen("pwd")
  local here = pipe:read("l")
  pipe:close()
  local script, output = os.tmpname(), os.tmpname()
  write(script, code)
  local command = "LUA_PATH='%s' LUA_CPATH='%s' timeout %d %s %s >%s 2>&1"
  local ok = os.execute(command:format(absolute(PATH, here),
    absolute(package.cpath, here), TIME_LIMIT, LUA, script, output))
  local text = read(output)
  os.remove(script)
  os.remove(output)
  return ok, (text:gsub("\t", "  ")) -- as a page shows it
end

-- Each block of Lua in a page, with what the text block after it holds.
local function blocks(page)
  local found, line = {}, 0
  local open
  for text in page:gmatch("([^\n]*)\n") do
    line = line + 1
    local fence = text:match("^```(%a*)")
    if open and text == "```" then
      open.closed = line
      open = nil
    elseif open then
      open.text = open.text .. text .. "\n"
    elseif fence then
      local last = found[#found]
      local block = { line = line, text = "" }
      if fence == "lua" then
        found[#found + 1] = block
      elseif fence == "text" and last and last.closed == line - 1 then
        last.prints = block
      end
      open = block
    end
  end
  return found
end

-- Skips a block with a row that this kernel is too old for.
local function skip_newer(text)
  for _, row in ipairs(core.ops) do
    local used = text:find("prep_" .. row.name .. "%f[^%w_]")
      or text:find("op%." .. row.name .. "%f[^%w_]")
    if used and rows.is_newer(row.since) then
      pending("needs Linux " .. row.since)
    end
  end
end

-- Skips a block with a library of others that is not here.
local function skip_without(text)
  for name in text:gmatch('require "([%w_.]+)"') do
    if not package.preload[name] and not package.loaded[name]
      and not package.searchpath(name, PATH)
      and not package.searchpath(name, package.cpath) then
      pending("needs the Lua module " .. name)
    end
  end
end

local pages = { "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md" }
for path in io.popen("ls docs/*.md"):lines() do pages[#pages + 1] = path end

for _, path in ipairs(pages) do
  for _, block in ipairs(blocks(read(path))) do
    local name = ("%s:%d"):format(path, block.line)
    local server = block.text:find("127.0.0.1:7000", 1, true)
    if not server then
      it(name .. " runs", function()
        skip_newer(block.text)
        skip_without(block.text)
        local due, ok, output = block.prints and block.prints.text, nil, nil
        for _ = 1, block.text:find("sleep", 1, true) and TRIES or 1 do
          ok, output = run(block.text)
          if ok and (not due or due == output) then break end
        end
        assert.is_true(ok, output)
        assert.equal(due or output, output)
      end)
    end
  end
end

describe("the echo server in the README", function()
  it("echoes", function()
    local server = blocks(read("README.md"))[1].text
    assert.matches("uring.listen", server, 1, true)
    local lines = select(2, server:gsub("\n", ""))
    assert.is_true(lines <= 15)
    local code = server
      :gsub('"127.0.0.1:7000"', '"unix:" .. path')
      :gsub("for conn in", 'uring.spawn(client)\n  for conn in', 1)
    local ok, output = run([[
      local path = os.tmpname()
      os.remove(path)
      local uring = require "uring"
      local function client()
        local conn = assert(uring.connect("unix:" .. path))
        conn:write("hello")
        print(conn:read(5))
        os.remove(path)
        os.exit(0, true)
      end
      ]] .. code)
    assert.is_true(ok, output)
    assert.equal("hello\n", output)
  end)
end)
