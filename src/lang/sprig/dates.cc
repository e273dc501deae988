// Dates: sprig's functions and the methods of time.Time that templates call.
#include "base/text.h"
#include "lang/sprig/families.h"
#include "lang/sprig/go_time.h"

namespace slipway::lang::sprig {

namespace {

class TimeNode : public gotemplate::Node {
 public:
  explicit TimeNode(Time t) : time(std::move(t)) {}
  const Time time;
};

const Time& time_of(const Any& v) {
  static const Time zero;
  return v.node() == nullptr ? zero : static_cast<const TimeNode*>(v.node())->time;
}

extern const Type kTime;
Any any_of(Time t) {
  return Any(kTime, new TimeNode(std::move(t)));
}

// The method behind a type's text.
void add_string(Type& t) {
  t.methods.push_back(
      {"String", {{}, false, &types::string}, [](Call& c) { return Any::of(c.self().type()->text(c.self())); }});
}

const Type& month_type() {
  static const Type t = [] {
    Type m;
    m.name = "time.Month";
    m.kind = Kind::int_;
    m.text = [](const Any& v) {
      Time t = Time::of(2000, std::clamp<int64_t>(v.as_int(), 1, 12), 1, 0, 0, 0, 0, Zone::utc());
      return t.format("January");
    };
    add_string(m);
    return m;
  }();
  return t;
}
const Type& weekday_type() {
  static const Type t = [] {
    Type m;
    m.name = "time.Weekday";
    m.kind = Kind::int_;
    m.text = [](const Any& v) { return Time::of(2000, 1, 2 + v.as_int(), 0, 0, 0, 0, Zone::utc()).format("Monday"); };
    add_string(m);
    return m;
  }();
  return t;
}

std::string rfc3339(const Time& t) {
  return t.format("2006-01-02T15:04:05.999999999Z07:00");
}

// A *time.Location, by its zone.
class LocationNode : public gotemplate::Node {
 public:
  explicit LocationNode(std::shared_ptr<const Zone> zone) : zone(std::move(zone)) {}
  const std::shared_ptr<const Zone> zone;
};
std::string location_name(const Any& v) {
  return v.node() == nullptr ? "UTC" : static_cast<const LocationNode*>(v.node())->zone->name();
}
const Type& location_type() {
  static const Type type = [] {
    Type t;
    t.name = "*time.Location";
    t.kind = Kind::pointer;
    t.text = location_name;
    t.methods.push_back(
        {"String", {{}, false, &types::string}, [](Call& c) { return Any::of(location_name(c.self())); }});
    return t;
  }();
  return type;
}

// What Go has, and templates cannot call.
void add_refused(Type& t) {
  for (const char* name : {"Date", "Clock"})
    t.methods.push_back(
        {name, {}, nullptr, false, fmt::format("function {} has 3 return values; should be 1 or 2", name)});
  for (auto [name, second] : {std::pair{"ISOWeek", "int"}, {"Zone", "int"}, {"ZoneBounds", "time.Time"}})
    t.methods.push_back(
        {name,
         {},
         nullptr,
         false,
         fmt::format("invalid function signature for {}: second return value should be error; is {}", name, second)});
}

Any append(Call& c, const std::string& text) {
  if (!c.charge(text.size() + c[0].bytes().size())) return Any();
  return gotemplate::bytes_of(std::string(c[0].bytes()) + text);
}

void add_marshalling(Type& t) {
  auto bytes = [&t](const char* name, std::vector<const Type*> in, Any (*run)(Call&)) {
    t.methods.push_back({name, {std::move(in), false, &types::bytes}, run});
  };
  bytes("MarshalText", {}, [](Call& c) { return gotemplate::bytes_of(rfc3339(time_of(c.self()))); });
  bytes("MarshalJSON", {}, [](Call& c) { return gotemplate::bytes_of('"' + rfc3339(time_of(c.self())) + '"'); });
  for (const char* name : {"MarshalBinary", "GobEncode"})
    bytes(name, {}, [](Call& c) { return gotemplate::bytes_of(time_of(c.self()).binary()); });
  bytes("AppendText", {&types::bytes}, [](Call& c) { return append(c, rfc3339(time_of(c.self()))); });
  bytes("AppendBinary", {&types::bytes}, [](Call& c) { return append(c, time_of(c.self()).binary()); });
  bytes("AppendFormat", {&types::bytes, &types::string},
        [](Call& c) { return append(c, time_of(c.self()).format(c.text(1))); });
}

// The same where it stands in a time: nobody may call its methods there.
const Type& hidden_location_type() {
  static const Type type = [] {
    Type t;
    t.name = "*time.Location";
    t.kind = Kind::pointer;
    return t;
  }();
  return type;
}

Type make_time() {
  Type t;
  t.name = "time.Time";
  t.kind = Kind::structure;
  t.text = [](const Any& v) { return time_of(v).str(); };
  t.go_text = [](const Any& v) { return time_of(v).go_string(); };
  t.json = [](const Any& v) { return Value(rfc3339(time_of(v))); };
  for (const char* name : {"wall", "ext", "loc"}) {
    t.fields.emplace_back(name);
    t.fields.back().hidden = true;
  }
  t.field = [](const Any& v, size_t index) {
    const Time& time = time_of(v);
    if (index == 0) return Any::number(types::uint64, time.nanoseconds);
    if (index == 1) return Any::number(types::int64, time.unix_s - Time().unix_s);
    return Any(hidden_location_type(), time.zone == Zone::utc() ? nullptr : new LocationNode(time.zone));
  };
  auto method = [&t](std::string_view name, std::vector<const Type*> in, const Type& out, Any (*run)(Call&)) {
    t.methods.push_back({std::string(name), {std::move(in), false, &out}, run});
  };
  auto number = [&method](std::string_view name, Any (*run)(Call&)) { method(name, {}, types::int_, run); };
  number("Year", [](Call& c) { return Any::of_int(time_of(c.self()).civil().year); });
  number("Day", [](Call& c) { return Any::of_int(time_of(c.self()).civil().day); });
  number("Hour", [](Call& c) { return Any::of_int(time_of(c.self()).civil().hour); });
  number("Minute", [](Call& c) { return Any::of_int(time_of(c.self()).civil().minute); });
  number("Second", [](Call& c) { return Any::of_int(time_of(c.self()).civil().second); });
  number("Nanosecond", [](Call& c) { return Any::of_int(time_of(c.self()).nanoseconds); });
  number("YearDay", [](Call& c) { return Any::of_int(time_of(c.self()).civil().day_of_year); });
  method("Month", {}, month_type(), [](Call& c) { return Any::number(month_type(), time_of(c.self()).civil().month); });
  method("Weekday", {}, weekday_type(),
         [](Call& c) { return Any::number(weekday_type(), time_of(c.self()).civil().weekday); });
  method("Unix", {}, types::int64, [](Call& c) { return Any::of_int64(time_of(c.self()).unix_s); });
  method("UnixMilli", {}, types::int64, [](Call& c) {
    return Any::of_int64(time_of(c.self()).unix_s * 1000 + time_of(c.self()).nanoseconds / 1'000'000);
  });
  method("UnixMicro", {}, types::int64, [](Call& c) {
    return Any::of_int64(time_of(c.self()).unix_s * 1'000'000 + time_of(c.self()).nanoseconds / 1000);
  });
  method("UnixNano", {}, types::int64, [](Call& c) {
    return Any::of_int64(static_cast<int64_t>(static_cast<uint64_t>(time_of(c.self()).unix_s) * 1'000'000'000u +
                                              static_cast<uint64_t>(time_of(c.self()).nanoseconds)));
  });
  method("Format", {&types::string}, types::string,
         [](Call& c) { return counted(c, time_of(c.self()).format(c.text(0))); });
  method("String", {}, types::string, [](Call& c) { return Any::of(time_of(c.self()).str()); });
  method("GoString", {}, types::string, [](Call& c) { return Any::of(time_of(c.self()).go_string()); });
  method("Truncate", {&types::duration}, kTime,
         [](Call& c) { return any_of(time_of(c.self()).truncated(c.integer(0), false)); });
  method("Round", {&types::duration}, kTime,
         [](Call& c) { return any_of(time_of(c.self()).truncated(c.integer(0), true)); });
  method("IsDST", {}, types::boolean, [](Call& c) { return Any::of(time_of(c.self()).civil().zone.is_daylight); });
  method("Location", {}, location_type(),
         [](Call& c) { return Any(location_type(), new LocationNode(time_of(c.self()).zone)); });
  method("In", {&location_type()}, kTime, [](Call& c) {
    if (c[0].node() == nullptr) return c.fail("time: missing Location in call to Time.In");
    Time moved = time_of(c.self());
    moved.zone = static_cast<const LocationNode*>(c[0].node())->zone;
    return any_of(std::move(moved));
  });
  add_marshalling(t);
  add_refused(t);
  method("IsZero", {}, types::boolean, [](Call& c) {
    return Any::of(time_of(c.self()).unix_s == Time().unix_s && time_of(c.self()).nanoseconds == 0);
  });
  method("AddDate", {&types::int_, &types::int_, &types::int_}, kTime, [](Call& c) {
    const Time& s = time_of(c.self());
    Time::Civil d = s.civil();
    static constexpr int64_t kFar = int64_t{1} << 32;
    auto near = [&c](size_t i) { return std::clamp(c.integer(i), -kFar, kFar); };
    return any_of(Time::of(d.year + near(0), d.month + near(1), d.day + near(2), d.hour, d.minute, d.second,
                           s.nanoseconds, s.zone));
  });
  method("Add", {&types::duration}, kTime, [](Call& c) { return any_of(time_of(c.self()).plus(c.integer(0))); });
  method("Sub", {&kTime}, types::duration,
         [](Call& c) { return Any::number(types::duration, time_of(c.self()).minus(time_of(c[0]))); });
  method("Before", {&kTime}, types::boolean,
         [](Call& c) { return Any::of(time_of(c.self()).minus(time_of(c[0])) < 0); });
  method("After", {&kTime}, types::boolean,
         [](Call& c) { return Any::of(time_of(c.self()).minus(time_of(c[0])) > 0); });
  method("Equal", {&kTime}, types::boolean,
         [](Call& c) { return Any::of(time_of(c.self()).minus(time_of(c[0])) == 0); });
  method("Compare", {&kTime}, types::int_, [](Call& c) {
    int64_t d = time_of(c.self()).minus(time_of(c[0]));
    return Any::of_int(d < 0 ? -1 : d > 0 ? 1 : 0);
  });
  method("UTC", {}, kTime, [](Call& c) {
    Time t2 = time_of(c.self());
    t2.zone = Zone::utc();
    return any_of(std::move(t2));
  });
  method("Local", {}, kTime, [](Call& c) {
    Time t2 = time_of(c.self());
    auto zone = Zone::load("Local", c.environment());
    t2.zone = zone ? zone : Zone::utc();
    return any_of(std::move(t2));
  });
  return t;
}

const Type kTime = make_time();

std::shared_ptr<const Zone> local(const Call& c) {
  auto zone = Zone::load("Local", c.environment());
  return zone ? zone : Zone::utc();
}

Time now(const Call& c) {
  Time t;
  t.zone = local(c);
  if (!c.environment().now) return t;
  auto since = c.environment().now().time_since_epoch();
  int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
  t.unix_s = 0;
  return t.plus(ns);
}

Time from_unix(const Call& c, int64_t s) {
  Time t;
  t.unix_s = s;
  t.zone = local(c);
  return t;
}

Any in_zone(Call& c, std::string_view layout, const Any& date, std::string_view zone) {
  Time t;
  if (date.type() == &kTime)
    t = time_of(date);
  else if (date.type() == &types::int64 || date.type() == &types::int_ || date.type() == &types::int32)
    t = from_unix(c, date.as_int());
  else
    t = now(c);
  t.zone = Zone::load(zone, c.environment());
  if (!t.zone) t.zone = Zone::utc();
  return counted(c, t.format(layout));
}

Any modify(Call& c, bool must) {
  int64_t d = 0;
  std::string error;
  if (parse_duration(c.text(0), d, error)) return any_of(time_of(c[1]).plus(d));
  return must ? c.fail(error) : c[1];
}

Any to_date(Call& c, bool must) {
  Time t;
  std::string error;
  if (!Time::parse(c.text(0), c.text(1), local(c), t, error) && must) return c.fail(error);
  return any_of(std::move(t));
}

Any ago(Call& c) {
  Time t = c[0].type() == &kTime                                         ? time_of(c[0])
           : c[0].type() == &types::int64 || c[0].type() == &types::int_ ? from_unix(c, c[0].as_int())
                                                                         : now(c);
  int64_t d = now(c).minus(t);
  constexpr int64_t second = 1'000'000'000;
  int64_t rest = d % second;
  int64_t rounded = d - rest;
  if (rest >= second / 2) rounded += second;
  if (rest <= -second / 2) rounded -= second;
  return Any::of(gotemplate::duration_text(rounded));
}

Any duration(Call& c) {
  int64_t n = 0;
  if (c[0].type() == &types::string) {
    auto read = base::parse_int(c.text(0).starts_with('+') ? c.text(0).substr(1) : c.text(0));
    n = read.value_or(0);
  } else if (c[0].type() == &types::int64) {
    n = c[0].as_int();
  }
  return Any::of(gotemplate::duration_text(static_cast<int64_t>(static_cast<uint64_t>(n) * 1'000'000'000u)));
}

Any duration_round(Call& c) {
  int64_t d = 0;
  std::string error;
  if (c[0].type() == &types::string) {
    if (!parse_duration(c.text(0), d, error)) d = 0;
  } else if (c[0].type() == &types::int64) {
    d = c[0].as_int();
  } else if (c[0].type() == &kTime) {
    d = now(c).minus(time_of(c[0]));
  }
  uint64_t u = d < 0 ? 0 - static_cast<uint64_t>(d) : static_cast<uint64_t>(d);
  constexpr uint64_t hour = 3'600'000'000'000;
  static constexpr std::pair<uint64_t, std::string_view> units[] = {{hour * 24 * 365, "y"}, {hour * 24 * 30, "mo"},
                                                                    {hour * 24, "d"},       {hour, "h"},
                                                                    {hour / 60, "m"},       {hour / 3600, "s"}};
  for (auto [unit, name] : units)
    if (u > unit) return Any::of(fmt::format("{}{}", u / unit, name));
  return Any::of("0s");
}

}  // namespace

Any time_any(Time time) {
  return any_of(std::move(time));
}

const Time* as_time(const Any& v) {
  return v.type() == &kTime ? &time_of(v) : nullptr;
}

int local_offset_s(const Call& c) {
  Time t = now(c);
  return t.civil().zone.offset_s;
}

void add_dates(Functions& f) {
  const Type* more[] = {&kTime};
  f.add("now", "() time.Time", [](Call& c) { return any_of(now(c)); }, more);
  f.add("date", "(string, any) string", [](Call& c) { return in_zone(c, c.text(0), c[1], "Local"); });
  f.add("htmlDate", "(any) string", [](Call& c) { return in_zone(c, "2006-01-02", c[0], "Local"); });
  f.add("htmlDateInZone", "(any, string) string", [](Call& c) { return in_zone(c, "2006-01-02", c[0], c.text(1)); });
  add_must(f, "dateInZone", "date_in_zone", "(string, any, string) string",
           [](Call& c) { return in_zone(c, c.text(0), c[1], c.text(2)); });
  for (const char* name : {"dateModify", "date_modify"})
    f.add(name, "(string, time.Time) time.Time", [](Call& c) { return modify(c, false); }, more);
  for (const char* name : {"mustDateModify", "must_date_modify"})
    f.add(name, "(string, time.Time) time.Time", [](Call& c) { return modify(c, true); }, more);
  f.add("toDate", "(string, string) time.Time", [](Call& c) { return to_date(c, false); }, more);
  f.add("mustToDate", "(string, string) time.Time", [](Call& c) { return to_date(c, true); }, more);
  f.add("unixEpoch", "(time.Time) string", [](Call& c) { return Any::of(std::to_string(time_of(c[0]).unix_s)); }, more);
  f.add("ago", "(any) string", ago);
  f.add("duration", "(any) string", duration);
  f.add("durationRound", "(any) string", duration_round);
}

}  // namespace slipway::lang::sprig
