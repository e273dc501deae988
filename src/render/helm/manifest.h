// Rendered files become manifests in Helm's install order, and hooks. Pure. Source: reference/render.md 1.7.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "render/helm/engine.h"

namespace slipway::render::helm {

struct Head {
  std::string api_version, kind, name;
  std::vector<std::pair<std::string, std::string>> annotations;  // sorted by key
  const std::string* annotation(std::string_view key) const;     // null: absent
};
struct Manifest {
  std::string path;       // "web/templates/a.yaml"
  base::SharedText text;  // as printed: without its ---
  Head head;
};
struct Hook {
  Manifest manifest;
  std::vector<std::string> events;           // "pre-install", "test", ...
  std::vector<std::string> delete_policies;  // "hook-succeeded", ...
  std::vector<std::string> log_policies;
  int weight = 0;
  bool is_test() const;
};
struct Sorted {
  std::vector<Manifest> manifests;
  std::vector<Hook> hooks;
};
// Error: invalid, "YAML parse error on web/templates/a.yaml: ..."; a cause names the
// file (field) and the line within what was rendered (message).
Result<Sorted> sort_manifests(const RenderedFiles& files, Compat compat, std::vector<std::string>& warnings);

// Those of the files before the one that sort_manifests() refuses, and of that one up to the fault; unsorted.
std::vector<Hook> hooks_before_fault(const RenderedFiles& files, Compat compat);

// A file's documents, without the empty ones: pieces of it.
std::vector<std::string_view> split_manifests(std::string_view text, Compat compat);
// What Helm reads of a document. Errors: invalid, in the words of its YAML reader.
Result<Head> read_head(std::string_view document, Compat compat);
Result<Head> read_head_fully(std::string_view document, Compat compat);  // the same, by the YAML reader alone

std::string_view trim_space(std::string_view text);  // Go's strings.TrimSpace
std::string_view trim_left(std::string_view text);
std::string_view trim_right(std::string_view text);

}  // namespace slipway::render::helm
