// The scalars of the YAML that most templates make, judged without building anything. For plain_yaml.h: what is said to
// be fine here, libyaml certainly reads; what is not may still be fine.
#pragma once

#include <string_view>

namespace slipway::render::helm {

// A text by lines. Views into it stay good as long as the text.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  std::string_view next();  // without its newline
  std::string_view peek() const { return ahead_of(rest_); }
  // Blanks before the next line that is not blank; -1: there is none.
  int next_column() const;

 private:
  static std::string_view ahead_of(std::string_view text) { return text.substr(0, text.find('\n')); }
  std::string_view rest_;
};

// What a scalar was: the text from its first to its last character where it stands on one line.
struct ScalarText {
  enum class Kind { none, plain, quoted, flow, block } kind = Kind::none;  // none: not sure
  std::string_view text;                                                   // "" when it takes more than a line
  bool many_lines = false;
};

// What begins at the front of `line` (not blank, no blanks at its end) and goes on in `more` as far as its rules say,
// in a block of that column (its key's, its list's). A comment behind it is passed over.
ScalarText take_scalar(std::string_view line, Lines& more, int block_column);

// Bytes of the key at the front of the line, when a colon and a blank or the end follow; 0: none that is certain.
size_t key_length(std::string_view line);

// Whether every byte is what YAML allows and this reader knows: no carriage returns, no line breaks beyond ASCII, valid
// UTF-8. Tells whether there are tabs, which matter outside of block scalars.
bool fine_bytes(std::string_view text, bool& tabs);

size_t blanks_before(std::string_view line);  // its size when there is nothing else

}  // namespace slipway::render::helm
