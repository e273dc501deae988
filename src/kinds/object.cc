// The parts every object has, and the one way to say that it is invalid.
#include "kinds/object.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::kinds {

uint64_t revision_of(const Value& o) {
  auto number = base::parse_int(o["metadata"]["resourceVersion"].as_string());
  return number && *number > 0 ? static_cast<uint64_t>(*number) : 0;
}

const Value& controller_of(const Value& o) {
  static const Value none;
  for (const Value& reference : o["metadata"]["ownerReferences"].items())
    if (reference["controller"].as_bool()) return reference;
  return none;
}

bool is_same_but_for(const Value& a, const Value& b, std::initializer_list<std::string_view> names) {
  auto all = a.members();
  size_t shared = 0, apart = 0;
  for (const auto& [key, value] : all) {
    const Value* other = b.find(key.view());
    if (std::ranges::find(names, key.view()) != names.end())
      apart += other != nullptr;
    else if (!other || !value.same_node(*other))
      return false;
    else
      ++shared;
  }
  for (std::string_view name : names) apart += !a.has(name) && b.has(name);
  return b.size() == shared + apart;
}

Error invalid(const Kind& kind, std::string_view name, std::vector<base::Cause> causes) {
  std::vector<std::string> texts;
  for (const base::Cause& cause : causes) {
    std::string text = fmt::format("{}: {}", cause.field, cause.message);
    // A cause found twice is listed twice and told once.
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  std::string all = base::join(texts, ", ");
  if (texts.size() > 1) all = "[" + all + "]";
  auto error = fail(ErrorKind::invalid, "{}{}{} \"{}\" is invalid: {}", kind.id.kind, kind.id.group.empty() ? "" : ".",
                    kind.id.group, name, all);
  for (base::Cause& cause : causes) error = std::move(error).cause(std::move(cause));
  return error;
}

}  // namespace slipway::kinds
