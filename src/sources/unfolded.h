// What a tree of Git's holds once it is unfolded. A dozen tiny trees can name one another 10^12 times; counting each
// only once tells so at once, where a walk would not end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sources/object_text.h"

namespace slipway::sources {

struct Unfolded {
  uint64_t files = 0;  // and links and submodules
  uint64_t directories = 0;
};
// Of the tree `root` (hex, lower case) among `trees`, objects as `cat-file --batch` gives them. What is not among them
// holds nothing; a tree that holds itself, which no hash allows but a forged object may say, holds the most there is.
Unfolded unfold(const std::vector<BatchObject>& trees, std::string_view root);

}  // namespace slipway::sources
