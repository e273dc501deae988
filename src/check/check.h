// The doctor: hazards in what a folder renders to, each with its cause and the way out. Pure: no cluster is asked, no
// file is read but the tree's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kinds/kind.h"
#include "render/kustomize/build_options.h"
#include "sources/tree.h"

namespace slipway::render::kustomize {
struct RemoteBases;
}

namespace slipway::check {

enum class Severity {
  warning,  // runs, and is hardly meant
  error,    // will be refused, or never become ready
};
std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::warning;
  std::string rule;    // "unknown-field": kebab case, told to people and programs
  std::string object;  // "Deployment shop/web"; empty: it is about a file
  base::Place place;
  std::string message;
  std::string fix;  // may be empty
  bool operator==(const Finding& other) const {
    return rule == other.rule && object == other.object && place.str() == other.place.str() && message == other.message;
  }
};
struct Report {
  std::vector<Finding> findings;     // by file and line, each once
  std::vector<std::string> checked;  // the folders that were rendered
  size_t objects = 0;
  bool has_errors() const;
};

struct Options {
  render::kustomize::BuildOptions kustomize_build;
  // What kustomizations name elsewhere: while the check leaves something in `wanted`, fetch it and check again. Null:
  // it is refused by name.
  render::kustomize::RemoteBases* remotes = nullptr;
  // Values files of the tree, the lowest first, that charts are rendered with.
  std::vector<std::string> values_files;
};

// `path` itself where it can be rendered, else all kustomizations and charts below it (components are checked with
// those who use them), else its plain files.
Report check(const std::shared_ptr<const sources::Tree>& tree, const std::string& path, const kinds::Catalog& catalog,
             const Options& options = {});

}  // namespace slipway::check
