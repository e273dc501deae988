// Keys said twice, all of them: reading itself (yaml.h) stops at the first, or takes the last.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::value {

// The keys that mappings of the first document say again, as go-yaml's strict reading tells them: `key` as %#v prints
// it, the line on which its value begins, in the order in which values end. What `<<` merges is not looked at.
struct RepeatedKey {
  std::string key;
  int line = 0;
};
std::vector<RepeatedKey> repeated_keys_of(std::string_view text);

}  // namespace slipway::value
