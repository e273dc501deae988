#include "lang/sprig/sprig.h"

#include "lang/gotemplate/number.h"
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

void add_functions(Functions& f) {
  add_strings(f);
  add_encodings(f);
  add_lists(f);
  add_dicts(f);
  add_numbers(f);
  add_defaults(f);
  add_json(f);
  add_yaml(f);
  add_toml(f);
  add_dates(f);
  add_regex(f);
  add_paths(f);
  add_versions(f);
  add_crypto(f);
  add_certificates(f);
}

namespace {

// "5.0" is 5 to spf13/cast, "5.1" no integer.
std::string_view without_zero_decimals(std::string_view s) {
  bool zero = false;
  for (size_t i = s.size(); i > 0; --i) {
    if (s[i - 1] == '0') {
      zero = true;
    } else if (s[i - 1] == '.') {
      if (zero) return s.substr(0, i - 1);
    } else {
      break;
    }
  }
  return s;
}

}  // namespace

int64_t to_int64(const Any& v) {
  const Type* t = v.type();
  if (t == nullptr) return 0;
  if (t == &types::string) {
    int64_t n = 0;
    return gotemplate::read_int(without_zero_decimals(v.text()), 0, n) == gotemplate::ReadNumber::ok ? n : 0;
  }
  if (t == &types::float64 || t == &types::float32) return gotemplate::float_to_int(v.as_float());
  if (t == &types::boolean) return v.as_bool() ? 1 : 0;
  bool plain = t == &types::int_ || t == &types::int64 || t == &types::int32 || t == &types::int16 ||
               t == &types::int8 || v.is_uint() || t->name == "time.Month" || t->name == "time.Weekday";
  return plain ? v.as_int() : 0;
}

double to_float64(const Any& v) {
  const Type* t = v.type();
  if (t == nullptr) return 0;
  if (t == &types::string) {
    double d = 0;
    return gotemplate::read_float(v.text(), d) == gotemplate::ReadNumber::ok ? d : 0;
  }
  if (t == &types::float64 || t == &types::float32) return v.as_float();
  if (v.is_uint()) return static_cast<double>(v.as_uint());
  return static_cast<double>(to_int64(v));
}

std::string to_text(const Any& v) {
  if (v.is_string() && v.type()->text == nullptr) return std::string(v.text());
  if (v.type() == &types::bytes) return std::string(v.bytes());
  if (v.type() != nullptr && v.type()->text != nullptr) return v.type()->text(v);
  return gotemplate::printed(v);
}

bool is_empty(const Any& v) {
  return !v.truth();
}

Any counted(Call& call, std::string text) {
  if (!call.charge(text.size() > gotemplate::kPrintedMax ? SIZE_MAX : text.size())) return Any();
  return Any::of(text);
}

bool elements(Call& call, const Any& list, std::string_view refusal, std::vector<Any>& out) {
  if (list.is_nil()) {
    call.fail(std::string(kNilDereference));
    return false;
  }
  if (!list.is_list()) {
    call.fail(fmt::format("{} {}", refusal, gotemplate::to_string(list.kind())));
    return false;
  }
  if (!call.charge(list.size() * sizeof(Any))) return false;
  if (list.is_bytes()) {
    for (char c : list.bytes()) out.push_back(Any::number(types::uint8, static_cast<unsigned char>(c)));
  } else if (list.node() != nullptr) {
    const auto& items = list.list()->items();
    out.assign(items.begin(), items.end());
  }
  return true;
}

std::vector<std::string> text_list(Call& call, const Any& v) {
  std::vector<std::string> out;
  size_t bytes = 0;  // of one text that they become together
  if (v.is_nil()) return out;
  if (v.is_bytes()) {
    for (char c : v.bytes()) out.push_back(std::to_string(static_cast<unsigned char>(c)));
    return out;
  }
  if (!v.is_list()) return {to_text(v)};
  if (v.node() == nullptr) return out;
  out.reserve(v.size());
  for (const Any& item : v.list()->items()) {
    if (item.is_nil()) continue;
    out.push_back(to_text(item));
    bytes += out.back().size();
    if (!call.charge(out.back().size() + sizeof(std::string)) ||
        (bytes > gotemplate::kPrintedMax && !call.charge(SIZE_MAX)))
      return {};
  }
  return out;
}

}  // namespace slipway::lang::sprig
