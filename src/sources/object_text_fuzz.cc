// What git prints about a hostile repository never leads out of it.
#include <cstdlib>

#include "sources/object_text.h"
#include "sources/url.h"

using namespace slipway;
using namespace slipway::sources;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto lines = parse_ls_tree(text, 1000))
    for (const auto& line : *lines) {
      auto clean = clean_path(line.path);
      if (!clean || *clean != line.path) std::abort();
    }
  if (auto objects = parse_batch(text, 1))
    for (const auto& object : *objects)
      if (object.content.size() > size) std::abort();
  Commit commit;
  describe_commit(text, commit);
  auto refs = parse_ls_remote(text);
  (void)find_revision(refs, "main");
  if (auto location = parse_url(text); location && location->url.starts_with('-')) std::abort();
  (void)normalized_url(text);
  (void)shown_url(text);
  return 0;
}
