#include "render/kustomize/build_options.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace slipway::render::kustomize {
namespace {

enum class Takes { nothing, text };
// Of kustomize build 5.8.2, and two spellings of older ones.
const std::map<std::string, Takes>& flags() {
  static const std::map<std::string, Takes> all = {{"--enable-helm", Takes::nothing},
                                                   {"--enable-managedby-label", Takes::nothing},
                                                   {"--enable-alpha-plugins", Takes::nothing},
                                                   {"--enable_alpha_plugins", Takes::nothing},
                                                   {"--enable-exec", Takes::nothing},
                                                   {"--as-current-user", Takes::nothing},
                                                   {"--network", Takes::nothing},
                                                   {"--helm-debug", Takes::nothing},
                                                   {"--stack-trace", Takes::nothing},
                                                   {"--load-restrictor", Takes::text},
                                                   {"--load_restrictor", Takes::text},
                                                   {"--reorder", Takes::text},
                                                   {"--helm-command", Takes::text},
                                                   {"--helm-api-versions", Takes::text},
                                                   {"--helm-kube-version", Takes::text},
                                                   {"--network-name", Takes::text},
                                                   {"--mount", Takes::text},
                                                   {"--env", Takes::text},
                                                   {"-e", Takes::text}};
  return all;
}

Result<bool> one_of(std::string_view flag, std::string_view said, std::string_view yes, std::string_view no) {
  if (said == yes || said == no) return said == yes;
  return fail(ErrorKind::bad_request, "illegal flag value {} {}; legal values: [{} {}]", flag, said, no, yes);
}

Result<> take(BuildOptions& options, const std::string& flag, const std::string& text) {
  bool on = text != "false" && text != "0" && text != "f";
  if (flag == "--enable-helm") options.charts = on;
  if (flag == "--enable-managedby-label") options.managed_by_label = on;
  if (flag.starts_with("--load"))
    options.unrestricted = OR_RETURN(one_of(flag, text, "LoadRestrictionsNone", "LoadRestrictionsRootOnly"));
  if (flag == "--reorder") options.legacy_order = OR_RETURN(one_of(flag, text, "legacy", "none"));
  if (flag == "--helm-kube-version") options.kube_version = text;
  if (flag == "--helm-api-versions")
    for (std::string_view version : base::split(text, ',')) options.api_versions.emplace_back(version);
  return {};
}

}  // namespace

Result<BuildOptions> parse_build_options(std::string_view text) {
  std::vector<std::string> words;
  for (std::string_view line : base::split_lines(text))
    for (std::string_view word : base::split(line, ' '))
      if (word = base::trim(word); !word.empty()) words.emplace_back(word);
  BuildOptions options;
  for (size_t i = 0; i < words.size(); ++i) {
    size_t equals = words[i].find('=');
    std::string name = words[i].substr(0, equals);
    auto known = flags().find(name);
    if (known == flags().end()) {
      std::vector<std::string> names;
      for (const auto& [flag, takes] : flags()) names.push_back(flag);
      auto near = base::nearest(name, names);
      return fail(ErrorKind::bad_request, "unknown flag: {}{}", name,
                  near ? fmt::format("; did you mean {}?", *near) : "");
    }
    std::string said = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    if (equals == std::string::npos && known->second == Takes::text) {
      if (i + 1 == words.size()) return fail(ErrorKind::bad_request, "flag needs an argument: {}", name);
      said = words[++i];
    }
    OR_RETURN(take(options, name, said));
  }
  return options;
}

}  // namespace slipway::render::kustomize
