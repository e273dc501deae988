// For tests, of other rooms too: a Tree from names and texts.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sources/tree.h"

namespace slipway::sources::testing {

struct Content {
  Content(const char* text) : text(text) {}
  Content(std::string text) : text(std::move(text)) {}
  std::string text;
  FileEntry::Kind kind = FileEntry::Kind::file;
};
inline Content link_to(std::string target) {
  Content content(std::move(target));
  content.kind = FileEntry::Kind::symlink;
  return content;
}
inline std::shared_ptr<const Tree> make_tree(std::vector<std::pair<std::string, Content>> contents) {
  std::map<std::string, FileEntry> files;
  for (auto& [path, content] : contents)
    files[path] = {content.kind, std::make_shared<const std::string>(content.text), content.text.size()};
  return std::make_shared<const Tree>(std::move(files));
}

}  // namespace slipway::sources::testing
