#include <algorithm>

#include "lang/gotemplate/syntax.h"
#include "lang/gotemplate/template.h"

namespace slipway::lang::gotemplate {

struct Set::Names {
  std::unordered_map<std::string_view, const Template*> table;  // the names are the templates' own
};

Set::Set(std::shared_ptr<const Functions> functions, MissingKey missing, std::string_view root_name)
    : functions_(std::move(functions)), missing_(missing), root_name_(root_name), names_(std::make_unique<Names>()) {}
Set::Set(Set&&) noexcept = default;
Set& Set::operator=(Set&&) noexcept = default;
Set::~Set() = default;

Set Set::overlay() const {
  Set above(functions_, missing_, root_name_);
  above.below_ = this;
  return above;
}

const Template* Set::find(std::string_view name) const {
  for (const Set* s = this; s != nullptr; s = s->below_) {
    auto found = s->names_->table.find(name);
    if (found != s->names_->table.end()) return found->second;
  }
  return nullptr;
}

tl::expected<const Template*, Failure> Set::parse(std::string_view name, std::string_view text) {
  return parse(name, std::make_shared<const std::string>(text));
}

tl::expected<const Template*, Failure> Set::parse(std::string_view name, std::shared_ptr<const std::string> text) {
  auto parsed = parse_text(name, std::move(text), *functions_);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  const Template* own = nullptr;
  for (const auto& t : (*parsed)->templates) {
    if (t->name == name) own = t.get();
    if (t->empty && find(t->name) != nullptr) continue;
    // The name's characters must be this template's: an older one may go.
    names_->table.erase(t->name);
    names_->table.emplace(t->name, t.get());
  }
  parsed_.push_back(std::move(*parsed));
  return own;
}

std::vector<std::string> Set::names() const {
  std::vector<std::string> all;
  for (const Set* s = this; s != nullptr; s = s->below_)
    for (const auto& [name, t] : s->names_->table) all.emplace_back(name);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace slipway::lang::gotemplate
