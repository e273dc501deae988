// The text once more, beside the tree that it became: only one that was read without a fault comes here, so what is
// between the words need not be judged.
#include "render/helm/schema_spelling.h"

#include "value/json.h"

namespace slipway::render::helm {

namespace {

class Walk {
 public:
  explicit Walk(std::string_view text) : rest_(text) {}

  // `here`: what the next value became; null when a later member of its name took its place.
  void value(const Value* here) {
    skip_to_word();
    if (rest_.empty()) return;
    if (rest_[0] == '{') return members(here);
    if (rest_[0] == '[') return items(here);
    std::string_view word = rest_[0] == '"' ? string() : plain();
    if (here != nullptr && here->is_number()) found_[here] = word;
  }
  NumberSpellings found() && { return std::move(found_); }

 private:
  static constexpr std::string_view kBetween = " \t\r\n,:";

  void skip_to_word() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBetween), rest_.size())); }
  bool ended(char close) {
    skip_to_word();
    if (rest_.empty()) return true;
    if (rest_[0] != close) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void members(const Value* here) {
    rest_.remove_prefix(1);
    while (!ended('}')) {
      auto name = value::parse_json(string());
      value(here && name ? here->find(name->as_string()) : nullptr);
    }
  }
  void items(const Value* here) {
    rest_.remove_prefix(1);
    bool is_list = here && here->is_array();
    for (size_t i = 0; !ended(']'); ++i) value(is_list && i < here->size() ? &(*here)[i] : nullptr);
  }
  std::string_view string() {
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    return take(end + 1);
  }
  std::string_view plain() { return take(std::min(rest_.find_first_of(" \t\r\n,:]}"), rest_.size())); }
  std::string_view take(size_t length) {
    std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(word.size());
    return word;
  }

  std::string_view rest_;
  NumberSpellings found_;
};

}  // namespace

NumberSpellings number_spellings(std::string_view text, const Value& root) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Walk walk(text);
  walk.value(&root);
  return std::move(walk).found();
}

}  // namespace slipway::render::helm
