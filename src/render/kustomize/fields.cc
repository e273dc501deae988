#include "render/kustomize/fields.h"

#include <algorithm>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/words.h"
#include "value/json.h"
#include "value/number.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

namespace {

// sigs.k8s.io/yaml gives what is meant as a text the digits of whole numbers below 2^64, and those of a 32-bit real of
// other ones.
std::string text_of_number(const Value& v) {
  std::string digits = value::to_json(v);
  bool is_whole = digits.find_first_of(".e") == digits.npos;
  auto is_below_limit = [](std::string_view text) {
    return text.size() < 20 || (text.size() == 20 && text <= "18446744073709551615");
  };
  return v.is_bool() || (is_whole && (digits.starts_with('-') ? v.is_int() : is_below_limit(digits)))
             ? digits
             : value::go_format_g(v.as_double(), true);
}

}  // namespace

base::Place Spot::place() const {
  if (!text) return {file, line};
  base::Place found = places ? places->find(0, pointer) : value::locate_yaml(*text, file, 0, pointer);
  return found.line ? found : base::Place{file};
}

Error from_entry(Error error, const Spot& entry) {
  bool elsewhere = error.place().line && error.place().file != entry.file;
  if (!elsewhere) return std::move(error).at(entry.place());
  return std::move(error).context(entry.place().str());
}

void Source::refuse(const std::string& pointer, std::string message) {
  if (!fault) fault = Error(ErrorKind::invalid, std::move(message)).at(Spot{text, file, pointer}.place());
}

Fields::Fields(Source& source, const Value& value, std::string pointer)
    : source_(source), value_(value), pointer_(std::move(pointer)) {
  if (!value.is_null() && !value.is_object())
    source_.refuse(pointer_, fmt::format("expected a mapping, found {}", words(value.type())));
}

const Value* Fields::take(std::string_view name) {
  known_.emplace_back(name);
  std::string lower = base::to_lower(name);
  if (const Value* found = value_.find(name)) {
    // Go reads every spelling of a field, and the type of each must be right.
    for (const auto& member : value_.members())
      if (member.key.view().size() == name.size() && member.key.view() != name && base::to_lower(member.key) == lower &&
          member.value.type() != found->type() && !member.value.is_null())
        source_.refuse(fmt::format("{}/{}", pointer_, value::pointer_escape(member.key)),
                       fmt::format("{}: expected {}, found {}", member.key.view(), words(found->type()),
                                   words(member.value.type())));
    return found->is_null() ? nullptr : found;
  }
  for (const auto& member : value_.members())
    if (member.key.view().size() == name.size() && base::to_lower(member.key) == lower)
      return member.value.is_null() ? nullptr : &member.value;
  return nullptr;
}

std::string Fields::pointer_to(std::string_view name) const {
  if (name.empty()) return pointer_;
  if (!value_.has(name))
    for (const auto& member : value_.members())
      if (base::to_lower(member.key) == base::to_lower(name))
        return fmt::format("{}/{}", pointer_, value::pointer_escape(member.key));
  return fmt::format("{}/{}", pointer_, value::pointer_escape(name));
}

Spot Fields::spot(std::string_view name) const {
  if (!source_.places && source_.text) source_.places = std::make_shared<value::YamlPlaces>(source_.text, source_.file);
  return {source_.text, source_.file, pointer_to(name), 0, source_.places};
}

void Fields::expected(std::string_view name, std::string_view what, const Value& found) {
  source_.refuse(pointer_to(name), fmt::format("{}: expected {}, found {}{}", name, what, words(found.type()),
                                               found.is_bool() || found.is_number() ? " (quote it)" : ""));
}

bool Fields::has(std::string_view name) {
  return take(name) != nullptr;
}

std::string Fields::text(std::string_view name) {
  const Value* found = take(name);
  if (!found) return {};
  auto text = text_of(*found);
  if (!text) expected(name, "a text", *found);
  return text.value_or("");
}

std::string Fields::path(std::string_view name) {
  std::string path = text(name);
  if (std::ranges::count_if(path, [](char c) { return c == '.' || c == '/'; }) >= yaml_depth_max)
    refuse(name, fmt::format("{}: a path of more than {} names", name, yaml_depth_max));
  return path;
}

void Fields::refuse(std::string_view name, std::string message) {
  source_.refuse(pointer_to(name), std::move(message));
}

std::optional<std::string> Fields::text_of(const Value& v) const {
  if (v.is_string()) return v.str();
  if (source_.numbers_are_texts && (v.is_number() || v.is_bool())) return text_of_number(v);
  return std::nullopt;
}

bool Fields::flag(std::string_view name) {
  const Value* found = take(name);
  if (!found) return false;
  if (!found->is_bool()) expected(name, "true or false", *found);
  return found->as_bool();
}

int64_t Fields::number(std::string_view name) {
  const Value* found = take(name);
  if (!found) return 0;
  if (!found->is_int()) expected(name, "a whole number", *found);
  return found->as_int();
}

std::vector<std::string> Fields::texts(std::string_view name) {
  const Value* found = take(name);
  std::vector<std::string> out;
  if (!found) return out;
  if (!found->is_array()) expected(name, "a list of texts", *found);
  for (const Value& item : found->items()) {
    auto text = text_of(item);
    if (!text && !item.is_null()) {
      source_.refuse(fmt::format("{}/{}", pointer_to(name), out.size()),
                     fmt::format("{}: expected a text, found {}", name, words(item.type())));
      return out;
    }
    out.push_back(text.value_or(""));
  }
  return out;
}

Pairs Fields::pairs(std::string_view name) {
  const Value* found = take(name);
  Pairs out;
  if (!found) return out;
  if (!found->is_object()) expected(name, "a mapping of texts", *found);
  for (const auto& [key, item] : found->members()) {
    auto text = text_of(item);
    if (!text && !item.is_null()) {
      source_.refuse(
          fmt::format("{}/{}", pointer_to(name), value::pointer_escape(key)),
          fmt::format("{}: \"{}\" must be a text, found {} (quote it)", name, key.view(), words(item.type())));
      return out;
    }
    out.emplace_back(key.str(), text.value_or(""));
  }
  return out;
}

const Value& Fields::any(std::string_view name) {
  static const Value none;
  const Value* found = take(name);
  return found ? *found : none;
}

void Fields::each(std::string_view name, const std::function<void(Fields&)>& body) {
  const Value* found = take(name);
  if (!found) return;
  if (!found->is_array()) return expected(name, "a list", *found);
  size_t i = 0;
  for (const Value& item : found->items()) {
    Fields fields(source_, item, fmt::format("{}/{}", pointer_to(name), i++));
    body(fields);
    if (source_.fault) return;
  }
}

void Fields::inner(std::string_view name, const std::function<void(Fields&)>& body) {
  const Value* found = take(name);
  if (!found) return;
  Fields fields(source_, *found, pointer_to(name));
  body(fields);
}

void Fields::done(std::string_view what) {
  if (source_.fault || source_.lenient) return;
  for (const auto& member : value_.members()) {
    std::string lower = base::to_lower(member.key);
    bool known = std::ranges::any_of(known_, [&](const std::string& name) { return base::to_lower(name) == lower; });
    if (known) continue;
    auto near = base::nearest(member.key, known_);
    return source_.refuse(fmt::format("{}/{}", pointer_, value::pointer_escape(member.key)),
                          fmt::format("unknown field \"{}\" in {}{}", member.key.view(), what,
                                      near ? fmt::format("; did you mean \"{}\"?", *near) : ""));
  }
}

}  // namespace slipway::render::kustomize
