// A text, and what keeps it in memory: often a piece of a larger one. Copying it copies no text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace slipway::base {

class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string_view text, std::shared_ptr<const void> memory) : text_(text), memory_(std::move(memory)) {}
  explicit SharedText(std::string whole) : SharedText(std::make_shared<const std::string>(std::move(whole))) {}
  explicit SharedText(std::shared_ptr<const std::string> whole) : text_(*whole), memory_(std::move(whole)) {}
  std::string_view view() const { return text_; }
  operator std::string_view() const { return text_; }
  SharedText piece(std::string_view inside) const { return {inside, memory_}; }  // `inside` lies in view()

 private:
  std::string_view text_;
  std::shared_ptr<const void> memory_;
};

}  // namespace slipway::base
