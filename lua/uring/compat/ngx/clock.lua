--- The times of ngx: seconds since 1970, and the forms that they are written
-- in.
local blocking = require "uring.blocking"
local core = require "uring.core"
local op = require "uring.op"
local system = require "uring.system"
local unpack = require "uring.unpack"

local clock = {}

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
  "Oct", "Nov", "Dec" }

local NUMBER_OF = {}
for number, name in ipairs(MONTHS) do NUMBER_OF[name] = number end

local since -- what the monotonic clock lacks to the time of day
local measured -- by which clock that was measured

-- Lua tells the time of day in whole seconds; a new pipe has it exactly.
local function time_of_day()
  local one, other = assert(system.pipe())
  local buffer = core.buffer(256)
  local ok = op.statx(one, "", core.consts.AT_EMPTY_PATH, nil, buffer)
  system.close(one)
  system.close(other)
  return ok and unpack.statx(buffer).mtime
end

local function measure()
  local ok, exact = pcall(blocking.call, time_of_day)
  since = (ok and exact or os.time()) - system.now() / 1e9
  measured = system.now
end

--- The time of day.
---@return number seconds, with milliseconds
function clock.now()
  if measured ~= system.now then measure() end -- in uring.test it is another
  local now = since + system.now() / 1e9
  if measured == core.now and math.abs(now - os.time()) > 2 then
    measure() -- somebody has set the clock
    now = since + system.now() / 1e9
  end
  return now // 0.001 / 1000
end

--- The time of day.
---@return integer seconds
function clock.time()
  return math.floor(clock.now())
end

--- Reads the clock anew, which happens each time here.
function clock.update_time() end

--- Today, "yyyy-mm-dd", local time.
---@return string
function clock.today()
  return os.date "%Y-%m-%d"
end

--- Now, "yyyy-mm-dd hh:mm:ss", local time.
---@return string
function clock.localtime()
  return os.date "%Y-%m-%d %H:%M:%S"
end

--- The same, in UTC.
---@return string
function clock.utctime()
  return os.date "!%Y-%m-%d %H:%M:%S"
end

-- As os.date does it, in English whatever the locale is.
local function write(seconds, format, year)
  local date = os.date("!*t", math.floor(seconds))
  return format:format(DAYS[date.wday], date.day, MONTHS[date.month],
    year(date.year), date.hour, date.min, date.sec)
end

--- "Thu, 18 Nov 2010 11:27:35 GMT", as in HTTP.
---@param seconds number
---@return string
function clock.http_time(seconds)
  return write(seconds, "%s, %02d %s %04d %02d:%02d:%02d GMT",
    function(year) return year end)
end

--- "Thu, 18-Nov-10 11:27:35 GMT", as in cookies.
---@param seconds number
---@return string
function clock.cookie_time(seconds)
  if seconds >= 2147483648 then -- a year of two digits would say another
    return write(seconds, "%s, %02d-%s-%04d %02d:%02d:%02d GMT",
      function(year) return year end)
  end
  return write(seconds, "%s, %02d-%s-%02d %02d:%02d:%02d GMT",
    function(year) return year % 100 end)
end

-- Days from 1970 to a date; March is the first month, so that the day that
-- some years have more comes last.
local function days_to(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local of_year = (153 * (month - 3) + 2) // 5 + day - 1
  return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719468
end

--- The seconds of what http_time writes.
---@param text string
---@return integer? seconds nil where it is none
function clock.parse_http_time(text)
  local day, name, year, hour, minute, second =
    text:match "^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$"
  local month = NUMBER_OF[name]
  if not month then return nil end
  local days = days_to(math.tointeger(year), month, math.tointeger(day))
  return days * 86400 + hour * 3600 + minute * 60 + math.tointeger(second)
end

return clock
